-- The window in parts: see parts.ts. Parts, length of a part and grain stand in the state's id.
-- State: start of the newest part, its index in the ring (plus one; 0 when empty), what was lost and
-- from when, the newest instant, the sums' total, and the sums as one string. Arguments of a rule: count, parts, length of a part, grain, span.

local function parts_grains(rule, cost) return math.ceil(cost / rule.grain) * rule.grain end

local function parts_slot(rule, state, age)
  return (state.newest - 1 - age + rule.parts + 1) % (rule.parts + 1)
end

local function parts_sum(state, slot) return (unpack("<d", state.raw, 8 * slot + 1)) end

local function parts_set(state, slot, sum)
  state.total = state.total + sum - parts_sum(state, slot)
  state.raw = string.sub(state.raw, 1, 8 * slot) .. pack("<d", sum) .. string.sub(state.raw, 8 * slot + 9)
end

local function parts_zero(rule, state)
  state.total = 0
  state.raw = string.rep("\0", 8 * (rule.parts + 1))
end

-- How many parts the part of an instant is older than the newest.
local function parts_age(rule, state, at)
  return math.max(0, math.ceil((state.start - at) / rule.part))
end

local function parts_lose(rule, state, sum, start, now)
  if sum == 0 or start + (rule.parts + 1) * rule.part <= now then return end
  state.lostAt = state.lost == 0 and start or math.max(start, state.lostAt)
  state.lost = state.lost + sum
end

local function parts_advance(rule, state, at, now)
  local rings, start = rule.parts + 1, state.start
  if start <= now then state.lost = 0 end
  local passed = math.floor((at - start) / rule.part)
  if state.newest == 0 then
    state.newest = 1
    state.start = state.lost == 0 and at or start + math.max(0, passed) * rule.part
    return
  end
  if passed <= 0 then return end
  for age = math.max(0, rings - passed), rings - 1 do
    local slot = parts_slot(rule, state, age)
    local sum = parts_sum(state, slot)
    if sum ~= 0 then
      if at > now then parts_lose(rule, state, sum, start - age * rule.part, now) end
      parts_set(state, slot, 0)
    end
  end
  state.newest = (state.newest - 1 + passed) % rings + 1
  state.start = passed >= rings and state.lost == 0 and at or start + passed * rule.part
end

kinds.parts = {
  rule = function(next)
    return { count = next(), parts = next(), part = next(), grain = next(), span = next() }
  end,

  empty = function(rule)
    local state = { start = 0, newest = 0, lost = 0, lostAt = 0, latest = 0 }
    parts_zero(rule, state)
    return state
  end,

  cold = function(rule, at)
    local state = kinds.parts.empty(rule)
    state.start = at + rule.span
    state.lost = parts_grains(rule, rule.count)
    state.lostAt = state.start - (rule.parts + 1) * rule.part
    return state
  end,

  shadow = function(shape)
    local parts, part, grain = string.match(shape, "([^,]*),([^,]*),([^,~]*)")
    parts, part, grain = parts + 0, part + 0, grain + 0
    return { count = math.huge, parts = parts, part = part, grain = grain, span = parts * part }
  end,

  -- What a part of another length holds counts as made at its end, or at the newest instant; what is
  -- not known of a longer window, at the oldest known instant.
  adopt = function(rule, other, now)
    local state, moved = other.state, kinds.parts.empty(rule)
    if state.newest == 0 then
      moved.start = state.start
      return moved
    end
    local lost = state.start > now and state.lost or 0
    local rest = rule.span > other.span and rule.count - state.total - lost or 0
    local function move(sum, start)
      if sum == 0 then return end
      local at = math.min(start + other.part - 1, state.latest)
      kinds.parts.commit(rule, moved, sum + math.max(0, rest), at, now)
      rest = 0
    end
    move(lost, state.lostAt)
    for age = other.parts, 0, -1 do
      move(parts_sum(state, parts_slot(other, state, age)), state.start - age * other.part)
    end
    return moved
  end,

  read = function(_, bytes)
    local state = {}
    state.start, state.newest, state.lost, state.lostAt, state.latest, state.total =
      unpack("<dddddd", bytes)
    state.raw = string.sub(bytes, 49)
    return state
  end,

  write = function(_, state)
    local head = pack("<ddddd", state.start, state.newest, state.lost, state.lostAt, state.latest)
    return head .. pack("<d", state.total) .. state.raw
  end,

  earliest = function(rule, state, asked, now)
    local cost, most = parts_grains(rule, asked), parts_grains(rule, rule.count)
    if cost > most then return NEVER end
    local start = state.start
    local from = now > start and now or start
    if state.newest == 0 or state.total + cost <= most then return from end
    local rings = rule.parts + 1
    local passed = math.floor((from - start) / rule.part)
    local sum = 0
    for age = 0, rings - 1 - passed do sum = sum + parts_sum(state, parts_slot(rule, state, age)) end
    if sum + cost <= most then return from end
    for age = rings - 1 - passed, 0, -1 do
      sum = sum - parts_sum(state, parts_slot(rule, state, age))
      if sum + cost <= most then return start + (rings - age) * rule.part end
    end
    return from
  end,

  commit = function(rule, state, asked, at, now)
    parts_advance(rule, state, at, now)
    local slot = parts_slot(rule, state, 0)
    parts_set(state, slot, parts_sum(state, slot) + parts_grains(rule, asked))
    if at > state.latest then state.latest = at end
  end,

  idle = function(rule, state)
    if state.newest == 0 then return state.start end
    return state.start + (rule.parts + 1) * rule.part
  end,
}

--- amend
-- Nothing is booked into the newest part any more: it need not close the time before it.
local function parts_retreat(rule, state, now)
  local rings, start = rule.parts + 1, state.start
  if state.lost > 4 * rule.count then return end
  local lostAge = state.lost == 0 and math.huge or parts_age(rule, state, state.lostAt)
  local empty = 0
  while empty < rings and parts_sum(state, parts_slot(rule, state, empty)) == 0 do empty = empty + 1 end
  local most = math.min(math.ceil((start - now) / rule.part), math.floor(start / rule.part))
  local back = math.min(most, lostAge, empty < rings and empty or math.huge)
  if back <= 0 then return end
  state.start = start - back * rule.part
  state.newest = (state.newest - 1 - back % rings + rings) % rings + 1
  if lostAge - back > rule.parts then return end
  local slot = parts_slot(rule, state, lostAge - back)
  parts_set(state, slot, parts_sum(state, slot) + state.lost)
  state.lost = 0
end

function kinds.parts.refund(rule, state, units, cost, at, now)
  if state.newest == 0 then return end
  local age = parts_age(rule, state, at)
  if age > rule.parts then return end
  local slot = parts_slot(rule, state, age)
  local given = parts_grains(rule, cost) - parts_grains(rule, cost - units)
  parts_set(state, slot, math.max(0, parts_sum(state, slot) - given))
  parts_retreat(rule, state, now)
end

kinds.parts.piece = function(rule) return rule.count end

function kinds.parts.shift(_, state, by)
  if state.start > 0 or state.newest ~= 0 then state.start = math.max(0, state.start + by) end
  state.lostAt, state.latest = state.lostAt + by, math.max(0, state.latest + by)
end

--- look
function kinds.parts.used(rule, state, now)
  if state.newest == 0 then return 0 end
  local passed = math.max(0, math.floor((now - state.start) / rule.part))
  local sum = 0
  for age = 0, rule.parts - passed do sum = sum + parts_sum(state, parts_slot(rule, state, age)) end
  return sum
end
