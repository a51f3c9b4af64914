-- What is asked: the rows by KEYS, then the rules of the plan from ARGV, each with its state: kind,
-- id, whether all keys share it, its numbers. A refusal writes nothing, and so does reading.

kinds.blocked = {
  rule = function() return {} end,
  earliest = function(_, _, _, at) return -1 - at end,
}

local index = 0
local function text()
  index = index + 1
  return ARGV[index]
end
local function next() return text() + 0 end

-- The clock stands still while it is a little behind what was seen, and what is there moves back
-- with it when it was set.
local function row_open(key)
  local row = row_read(key)
  if row.seen - clock > JUMP then
    if not shifts then error("SLUICE_JUMP") end
    row.by = clock - row.seen
    row.gate = math.max(0, row.gate + row.by)
    row.dirty = true
  elseif row.seen > now then
    now = row.seen
  end
  return row
end

-- Where there is no state: from when all counts as used, or 0.
local cold = next()
local own = row_open(KEYS[1])
local shared = KEYS[2] and row_open(KEYS[2])
local rules = {}
for i = 1, next() do
  local kind, id = text(), text()
  local row = next() == 1 and shared or own
  local rule = kinds[kind].rule(next)
  rule.kind, rule.id, rule.row, rule.shadows = kind, id, row, {}
  if kind == "window" then rule.body = row.key .. "#" .. id end
  local family = row_family(id)
  row.families[family] = row.families[family] or rule
  row.rules[id] = rule
  row.asked = row.asked + 1
  rules[i] = rule
end
for _ = 1, next() do
  local shape, borders = text(), {}
  for i = 1, next() do borders[i] = next() end
  periods[shape] = borders
end

row_states(own)
if shared then row_states(shared) end
for _, rule in ipairs(rules) do
  local kind = kinds[rule.kind]
  if not rule.state and kind.empty then
    local source = rule.row.sources[row_family(rule.id)]
    if source then rule.state = kind.adopt(rule, source, now)
    elseif cold > 0 and kind.cold then rule.state = kind.cold(rule, cold) end
  end
end

-- Books a cost, with those who count by other numbers as well.
local function book(rule, units, at, since, ticket)
  local kind = kinds[rule.kind]
  if not rule.state then rule.state = kind.empty(rule) end
  kind.commit(rule, rule.state, units, at, now, since, ticket, rule.body)
  for _, shadow in ipairs(rule.shadows) do
    kind.commit(shadow, shadow.state, units, at, now, since, ticket, shadow.body)
  end
  rule.row.dirty = true
end

local function later(a, b)
  if a == NEVER or b == NEVER then return NEVER end
  if a >= 0 and b >= 0 then return a > b and a or b end
  return -1 - math.max(a < 0 and -1 - a or a, b < 0 and -1 - b or b)
end

-- For so many of the costs that come next at once: the maximum over the limits and gates, the same by
-- the key's own, and the rule that binds.
local function earliest_of(gate, since, times)
  local alone = own.gate > now and own.gate or now
  local all = gate > alone and gate or alone
  local binding = -1
  for j = 1, #rules do
    local units = next() * times
    if units ~= 0 then
      local rule = rules[j]
      local kind = kinds[rule.kind]
      local earliest = kind.earliest(rule, rule.state or kind.empty and kind.empty(rule), units, now, since)
      if earliest < 0 or earliest > now then
        local both = later(all, earliest)
        if both ~= all then binding = j - 1 end
        all = both
        if rule.row == own then alone = later(alone, earliest) end
      end
    end
  end
  return all, alone, binding
end

-- A reply holds whole numbers only.
local function told(earliest)
  return earliest == NEVER and 4503599627370496 or earliest
end
