-- Slots: see concurrency.ts. Only those that are not free are kept, in the order of their taking.
-- State: pairs of a value (the instant from which it is free, or minus the end of its lease while
-- held) and its holder's ticket. Arguments of a rule: slots, cooldown, lease.

local function slot_free(rule, value)
  if value < 0 then return rule.cooldown - value end
  return value
end

-- Those that are free at `at` are not kept.
local function slots_tidy(rule, state, at, enough)
  local kept, dropped = {}, 0
  for i = 1, #state, 2 do
    if dropped < enough and slot_free(rule, state[i]) <= at then
      dropped = dropped + 1
    else
      kept[#kept + 1] = state[i]
      kept[#kept + 1] = state[i + 1]
    end
  end
  for i = 1, math.max(#state, #kept) do state[i] = kept[i] end
end

kinds.concurrency = {
  rule = function(next) return { slots = next(), cooldown = next(), lease = next() } end,
  empty = function() return {} end,

  shadow = function(_, rule)
    return { slots = rule.slots, cooldown = rule.cooldown, lease = rule.lease }
  end,

  adopt = function(_, other)
    local state = {}
    for i = 1, #other.state do state[i] = other.state[i] end
    return state
  end,

  read = function(_, bytes)
    local state = {}
    for i = 1, #bytes / 8 do state[i] = (unpack("<d", bytes, 8 * i - 7)) end
    return state
  end,

  write = function(rule, state, now)
    slots_tidy(rule, state, now, #state)
    local bytes = {}
    for i = 1, #state do bytes[i] = pack("<d", state[i]) end
    return table.concat(bytes)
  end,

  earliest = function(rule, state, cost, now)
    if cost > rule.slots then return NEVER end
    local missing = cost - rule.slots
    local cooling = {}
    for i = 1, #state, 2 do
      local value = state[i]
      local free = slot_free(rule, value)
      if free > now then
        missing = missing + 1
        if value > 0 or -value <= now then cooling[#cooling + 1] = free end
      end
    end
    if missing <= 0 then return now end
    table.sort(cooling)
    if missing <= #cooling then return cooling[missing] end
    return -1 - (#cooling > 0 and math.max(now, cooling[#cooling]) or now)
  end,

  commit = function(rule, state, cost, at, now, _, ticket)
    slots_tidy(rule, state, now, #state)
    slots_tidy(rule, state, at, #state / 2 + cost - rule.slots)
    for _ = 1, cost do
      state[#state + 1] = -(at + rule.lease)
      state[#state + 1] = ticket
    end
  end,

  idle = function(rule, state)
    local idle = 0
    for i = 1, #state, 2 do idle = math.max(idle, slot_free(rule, state[i])) end
    return idle
  end,
}

--- amend
function kinds.concurrency.release(rule, state, ticket, now, cost, keep)
  local freed, kept = 0, 0
  for i = 1, #state, 2 do
    if state[i + 1] == ticket and -state[i] > now then
      if kept < keep then
        kept = kept + 1
      else
        state[i] = now + rule.cooldown
        freed = freed + 1
        if cost and freed + keep == cost then break end
      end
    end
  end
  return freed
end

function kinds.concurrency.refund(rule, state, units, cost, _, now, ticket)
  kinds.concurrency.release(rule, state, ticket, now, cost, cost - units)
end

function kinds.concurrency.renew(rule, state, ticket, now)
  local found = false
  for i = 1, #state, 2 do
    if state[i + 1] == ticket and -state[i] > now then
      state[i] = -(now + rule.lease)
      found = true
    end
  end
  return found
end

function kinds.concurrency.shift(_, state, by)
  for i = 1, #state, 2 do
    state[i] = state[i] < 0 and math.min(-1, state[i] - by) or math.max(0, state[i] + by)
  end
end

--- look
function kinds.concurrency.used(rule, state, now)
  local taken = 0
  for i = 1, #state, 2 do
    if slot_free(rule, state[i]) > now then taken = taken + 1 end
  end
  return taken
end
