-- Changes what was reserved: several changes of one key in one step, each of them once only.
-- KEYS: as for reserve. ARGV: the rules, the channel for notices (or ""), the key as it is told there,
-- how many changes, and for each its verb and what that needs.
-- Reply: now, then the tickets whose leases could not be renewed.

local ONCE = 60000 -- milliseconds for which a change that comes again is recognised

local function is_first(mark)
  return redis.call("SET", own.key .. "#" .. mark, "1", "NX", "PX", ONCE) and true or false
end

index = index + 2
local channel, notice = ARGV[index - 1], ARGV[index]
local reply, freed = { now }, false

-- By its own numbers at the earliest instant; by those of others at once.
local function charge(rule, units)
  local kind = kinds[rule.kind]
  if not rule.state then rule.state = kind.empty(rule) end
  local piece = kind.piece(rule, units)
  for _, shadow in ipairs(rule.shadows) do
    kind.commit(shadow, shadow.state, units, now, now, now, 0, shadow.body)
  end
  while units > 0 do
    local cost = math.min(units, piece)
    local at = kind.earliest(rule, rule.state, cost, now, now)
    if at < 0 or at == NEVER then at = now end
    kind.commit(rule, rule.state, cost, at, now, now, 0, rule.body)
    units = units - piece
  end
end

local function settle(ticket, at)
  local reset = redis.call("GET", own.key .. "#r")
  local isFirst = is_first(string.format("t%.0f", ticket))
  for _, rule in ipairs(rules) do
    local taken, actual = next(), next()
    local kind = kinds[rule.kind]
    if isFirst and taken ~= actual and not (reset and ticket <= reset + 0) then
      if taken < actual then
        if rule.kind ~= "concurrency" then charge(rule, actual - taken) end
        rule.row.dirty = true
      elseif rule.state then
        kind.refund(rule, rule.state, taken - actual, taken, at, now, ticket, rule.body)
        for _, shadow in ipairs(rule.shadows) do
          kind.refund(shadow, shadow.state, taken - actual, taken, at, now, ticket, shadow.body)
        end
        rule.row.dirty = true
        freed = true
      end
    end
  end
end

local function each_slots(visit)
  for _, rule in ipairs(rules) do
    if rule.kind == "concurrency" then
      visit(rule)
      for _, shadow in ipairs(rule.shadows) do visit(shadow) end
    end
  end
end

local verbs = {
  settle = function() settle(next(), next()) end,

  release = function()
    local ticket = next()
    each_slots(function(rule)
      if rule.state and kinds.concurrency.release(rule, rule.state, ticket, now, nil, 0) > 0 then
        rule.row.dirty = true
        freed = true
      end
    end)
  end,

  renew = function()
    local ticket, holds = next(), {}
    for _, rule in ipairs(rules) do holds[rule] = next() > 0 end
    each_slots(function(rule)
      local isHeld = rule.state and kinds.concurrency.renew(rule, rule.state, ticket, now)
      if isHeld then rule.row.dirty = true
      elseif holds[rule] then reply[#reply + 1] = ticket end
    end)
  end,

  -- The longer gate wins; 0 opens it.
  gate = function()
    index = index + 2
    local mark, instant = ARGV[index - 1], ARGV[index] + 0
    if not is_first(mark) then return end
    own.gate = instant > 0 and math.max(own.gate, instant) or 0
    own.dirty, freed = true, true
  end,

  reset = function()
    index = index + 1
    if not is_first(ARGV[index]) then return end
    redis.call("DEL", own.key)
    for id in pairs(own.states) do redis.call("DEL", own.key .. "#" .. id) end
    redis.call("SET", own.key .. "#r", string.format("%.0f", math.max(own.ticket, now)), "PX", 3600000)
    for _, rule in ipairs(rules) do
      if rule.row == own then rule.state = nil end
    end
    own.states, own.gate, own.dirty = {}, 0, false
    freed = true
  end,
}

for _ = 1, next() do
  index = index + 1
  verbs[ARGV[index]]()
end
if own.dirty then row_write(own) end
if shared and shared.dirty then row_write(shared) end
if freed and channel ~= "" then redis.call("PUBLISH", channel, notice) end
return reply
