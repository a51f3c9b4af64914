-- The quota: see quota.ts; the wall clock is the store's own. Borders of calendar periods come from
-- there as numbers, because only it knows time zones; those of fixed periods are computed. Where the
-- list of borders does not reach, the caller is asked for a better one.
-- State: { start of the newest period booked into, used of it, used of the one before, newest instant }.
-- Arguments of a rule: count, guard, fixed period (0 for none), anchor, how many borders, these.

local function quota_borders(rule, at)
  if rule.period > 0 then
    local rest = math.fmod(at - rule.anchor, rule.period) -- exact, where % is not
    local start = at - (rest < 0 and rest + rule.period or rest)
    return start, start + rule.period
  end
  for i = #rule - 1, 1, -1 do
    if at >= rule[i] then
      if at >= rule[i + 1] then break end
      return rule[i], rule[i + 1]
    end
  end
  error(string.format("SLUICE_BORDERS %.0f ", at))
end

local function quota_reckon(rule, state)
  local start, used, before, last = state[1], state[2], state[3], state[4]
  if used == 0 and before == 0 then return -math.huge, 0, 0, last end
  if last >= start then return start, used, before, last end
  local made, ends = quota_borders(rule, last)
  if ends >= start then return start, used, before, last end
  return made, used + before, rule.count, last
end

local function quota_taken(start, used, before, last, from, wall)
  if start < from then return 0 end
  if start == from then return used end
  return last <= wall and used + before or math.huge
end

local function quota_current(rule, state, wall)
  local start, used, before, last = quota_reckon(rule, state)
  local from, to = quota_borders(rule, wall)
  local units = quota_taken(start, used, before, last, from, wall)
  if units < math.huge then return to, math.min(units, rule.count) end
  from, to = quota_borders(rule, start)
  return to, used
end

kinds.quota = {
  rule = function(next)
    local rule = { count = next(), guard = next(), period = next(), anchor = next() }
    for i = 1, next() do rule[i] = next() end
    return rule
  end,

  empty = function() return { 0, 0, 0, 0 } end,
  cold = function(rule, at) return { (quota_borders(rule, at)), rule.count, 0, at } end,

  shadow = function(shape)
    local period, anchor = string.match(shape, "^(%d+)/(-?%d+)")
    if period then return { count = math.huge, guard = 0, period = period + 0, anchor = anchor + 0 } end
    local borders = periods[shape]
    if not borders then error(string.format("SLUICE_PERIOD %s ", shape)) end
    local rule = { count = math.huge, guard = 0, period = 0 }
    for i = 1, #borders do rule[i] = borders[i] end
    return rule
  end,

  -- What the newest period of others took counts in this one's.
  adopt = function(rule, other, now)
    local start, used, _, last = quota_reckon(other, other.state)
    if used == 0 or other.period == 0 and start < other[1] then return { 0, 0, 0, 0 } end
    local from = quota_borders(rule, math.max(start, now))
    local _, ends = quota_borders(other, start)
    if start < from and ends <= now then return { 0, 0, 0, 0 } end
    -- Booked ahead, it closes the time before it; of the period before nothing is known.
    return { from, used, rule.count, math.max(last, from) }
  end,

  read = function(_, bytes) return { unpack("<dddd", bytes) } end,
  write = function(_, state) return pack("<dddd", state[1], state[2], state[3], state[4]) end,

  earliest = function(rule, state, cost, now)
    if cost > rule.count then return NEVER end
    local start, used, before, last = quota_reckon(rule, state)
    local from, to = quota_borders(rule, now)
    local sum = quota_taken(start, used, before, last, from, now) + cost
    if sum <= rule.count and now < to - rule.guard then return now end
    if start > from then
      from, to = quota_borders(rule, start)
      if used + cost <= rule.count and from < to - rule.guard then return from end
    end
    return to
  end,

  commit = function(rule, state, cost, at)
    local start, used, before, last = quota_reckon(rule, state)
    local from, to = quota_borders(rule, at)
    local newest = math.max(state[4], at)
    if from == start then
      used = used + cost
    elseif from < start then
      before = before + cost
    else
      local first, ends = from, to
      if used > 0 then first, ends = quota_borders(rule, start) end
      local isRecent = ends == from or at - state[4] < ends - first
      start, used, before = from, cost, isRecent and used or 0
    end
    state[1], state[2], state[3], state[4] = start, used, before, newest
  end,

  idle = function(rule, state)
    local start = quota_reckon(rule, state)
    if start == -math.huge then return 0 end
    if rule.period == 0 and start < rule[1] then return 0 end
    local _, to = quota_borders(rule, start)
    return to
  end,
}

--- amend
function kinds.quota.refund(rule, state, units, _, at, now)
  local start, used, before = quota_reckon(rule, state)
  if start == -math.huge or rule.period == 0 and at < rule[1] then return end
  local from, to = quota_borders(rule, at)
  if to == start then
    before = math.max(0, before - units)
  elseif from == start then
    used = math.max(0, used - units)
    if used == 0 and start > now then
      -- Nothing is booked into the period ahead any more.
      state[4] = math.min(state[4], start - 1)
      start, used, before = (quota_borders(rule, start - 1)), before, rule.count
    end
  else
    return
  end
  state[1], state[2], state[3] = start, used, before
end

kinds.quota.piece = function(rule) return rule.count end

function kinds.quota.shift(_, state, by) state[4] = state[4] + by end

--- look
function kinds.quota.used(rule, state, now)
  local _, used = quota_current(rule, state, now)
  return used
end

function kinds.quota.ends(rule, state, now)
  return (quota_current(rule, state, now))
end
