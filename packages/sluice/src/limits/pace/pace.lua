-- GCRA: see pace.ts, of which this is the dialect of Redis (Lua 5.1, whole microseconds in doubles).
-- State: { theoretical arrival time, rest, newest instant promised, the one before it }; in its id
-- stands the interval of one unit, micros / units. Who comes with another begins with the debt in units.
-- Arguments of a rule: micros, units, burst, catchUp, and the interval as one number of 32 bits (a
-- mantissa of 20, an exponent of ten of 4, units of 8; 0 where it does not fit).

local function pace_floor(amount, units)
  if units == 1 then return amount end
  local quotient = math.floor(amount / units)
  local rest = amount - quotient * units
  if rest < 0 then return quotient - 1 end
  if rest >= units then return quotient + 1 end
  return quotient
end

local function pace_add(rule, state, amount)
  local total = state[2] + amount
  local whole = pace_floor(total, rule.units)
  state[1] = state[1] + whole
  state[2] = total - whole * rule.units
end

local function pace_from(rule, at, since)
  if rule.catchUp == 0 or since >= at then return at end
  return math.max(since, at - math.floor(rule.catchUp * rule.micros / rule.units))
end

kinds.pace = {
  rule = function(next)
    return { micros = next(), units = next(), burst = next(), catchUp = next(), pitch = next() }
  end,

  empty = function() return { 0, 0, 0, 0 } end,

  cold = function(rule, at)
    local state = { at, 0, at, at }
    pace_add(rule, state, math.ceil(rule.burst * rule.micros))
    return state
  end,

  shadow = function(shape)
    local micros, units = string.match(shape, "(%d+)/(%d+)")
    return { micros = micros + 0, units = units + 0, burst = 0, catchUp = 0, pitch = 0 }
  end,

  adopt = function(rule, other, now)
    local state = other.state
    local owed = ((state[1] - now) * other.units + state[2]) / other.micros
    if owed <= 0 then return { 0, 0, 0, 0 } end
    local changed = { now, 0, now, now }
    pace_add(rule, changed, math.ceil(owed * rule.micros))
    return changed
  end,

  read = function(_, bytes)
    return type(bytes) == "table" and bytes or { unpack("<dddd", bytes) }
  end,

  write = function(_, state)
    return pack("<dddd", state[1], state[2], state[3], state[4])
  end,

  earliest = function(rule, state, cost, now, since)
    if cost > rule.burst then return NEVER end
    local spare = rule.burst * rule.micros - math.ceil(cost * rule.micros) - state[2]
    local free = state[1] - pace_floor(spare, rule.units)
    local from = pace_from(rule, now, since)
    return free > from and free or from
  end,

  commit = function(rule, state, cost, at, now, since)
    local start = at > now and at or pace_from(rule, now, since)
    if state[1] < start then
      state[1] = start
      state[2] = 0
    end
    pace_add(rule, state, math.ceil(cost * rule.micros))
    if at >= state[3] then
      state[4] = state[3]
      state[3] = at
    end
  end,

  idle = function(_, state) return state[1] + (state[2] > 0 and 1 or 0) end,

  -- Late waiters count from before now: an idle state still tells them from when.
  keep = function(rule, state)
    return kinds.pace.idle(rule, state) + math.floor(rule.catchUp * rule.micros / rule.units)
  end,
}

--- amend
function kinds.pace.refund(rule, state, units, cost, at)
  local given = math.floor(units * rule.micros)
  if state[3] > at then
    given = math.min(given, math.ceil(cost * rule.micros) - (state[3] - at) * rule.units)
  end
  if given > 0 then pace_add(rule, state, -given) end
  if units == cost and state[3] == at then state[3] = state[4] end
end

kinds.pace.piece = function(_, units) return units end

function kinds.pace.shift(_, state, by)
  for _, i in ipairs({ 1, 3, 4 }) do
    if state[i] > 0 then state[i] = math.max(0, state[i] + by) end
  end
end

--- look
function kinds.pace.used(rule, state, now)
  return math.max(0, ((state[1] - now) * rule.units + state[2]) / rule.micros)
end
