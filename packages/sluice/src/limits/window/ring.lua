-- The exact window: see ring.ts. The log of instants is kept in the row, oldest first, while it is
-- short, and else in a key of its own as a ring in which single instants are read and written.
-- Every caller is judged by its own rates; what is remembered is what the longest of them needs.
-- State: floor, most and widest (as far as any caller had them), then raw, or the ring's numbers.
-- Arguments of a rule: most, widest, how many rates, then count and span of each.

local RING_SHORT = 512 -- bytes of the log in a row
local RING_READ = 64 -- instants that are read at a time
local RING_RUN = 16 -- so many of one instant are written at once, and not one by one

local function ring_at(state, back)
  if not state.body then return (unpack("<d", state.raw, 8 * (state.known - back) + 1)) end
  local slot = state.next - back
  if slot < 0 then slot = slot + state.capacity end
  local pending = state.pending[slot]
  if pending then return pending end
  -- Whoever asks for several costs looks at one instant after the other.
  local inside = slot % RING_READ
  local first = slot - inside
  local bytes = state.read[first]
  if not bytes then
    bytes = redis.call("GETRANGE", state.body, 8 * first, 8 * (first + RING_READ) - 1)
    state.read[first] = bytes
  end
  if #bytes < 8 * inside + 8 then error("SLUICE_CORRUPT") end
  return (unpack("<d", bytes, 8 * inside + 1))
end

-- What was written in this call: the newest of the log, in at most two pieces.
local function ring_flush(state)
  local left, slot = state.fresh, (state.next - state.fresh) % state.capacity
  while left > 0 do
    local first, run = slot, {}
    repeat
      local at, times = state.pending[slot], 0
      repeat
        times, slot, left = times + 1, slot + 1, left - 1
      until left == 0 or slot == state.capacity or state.pending[slot] ~= at
      run[#run + 1] = string.rep(pack("<d", at), times)
    until left == 0 or slot == state.capacity
    redis.call("SETRANGE", state.body, 8 * first, table.concat(run))
    slot = slot % state.capacity
  end
  state.pending, state.read, state.fresh = {}, {}, 0
end

-- Writes many of one instant behind what was written before.
local function ring_run(state, at, cost)
  if state.fresh > 0 then ring_flush(state) end
  local bytes, first = pack("<d", at), math.min(cost, state.capacity - state.next)
  redis.call("SETRANGE", state.body, 8 * state.next, string.rep(bytes, first))
  if first < cost then redis.call("SETRANGE", state.body, 0, string.rep(bytes, cost - first)) end
  state.next = (state.next + cost) % state.capacity
  state.read = {}
end

-- The whole log in one string, oldest first.
local function ring_line(state)
  if not state.body then return state.raw end
  ring_flush(state)
  local bytes = redis.call("GET", state.body) or ""
  if #bytes < 8 * state.known then error("SLUICE_CORRUPT") end
  local first = state.next - state.known
  if first >= 0 then return string.sub(bytes, 8 * first + 1, 8 * state.next) end
  first = first + state.capacity
  return string.sub(bytes, 8 * first + 1, 8 * state.capacity) .. string.sub(bytes, 1, 8 * state.next)
end

-- Lays the log out anew, in exactly the memory it needs.
local function ring_lay(state, body, line, capacity)
  state.body, state.raw, state.pending, state.read = body, nil, {}, {}
  state.known = #line / 8
  state.capacity = capacity
  state.next = state.known % capacity
  state.life, state.fresh = 0, 0
  redis.call("SET", body, line .. string.rep("\0", 8 * (capacity - state.known)))
end

-- Room for `cost` more: instants that no longer count make place, else the log grows.
local function ring_room(state, cost, now, body)
  local over = state.known + cost - (state.body and state.capacity or RING_SHORT / 8)
  if over <= 0 then return end
  if over <= state.known and ring_at(state, state.known - over + 1) + state.widest <= now then
    if not state.body then
      state.raw = string.sub(state.raw, 8 * over + 1)
      state.known = state.known - over
    end
    return
  end
  local target = state.known + cost
  local grown = state.body and state.capacity or RING_SHORT / 8
  while grown < target do grown = grown * 2 end
  if target <= state.most and grown > state.most then grown = state.most end
  ring_lay(state, body, ring_line(state), grown)
end

kinds.window = {
  rule = function(next)
    local rule = { most = next(), widest = next() }
    for i = 1, 2 * next() do rule[i] = next() end
    return rule
  end,

  empty = function(rule)
    return { floor = 0, most = rule.most, widest = rule.widest, raw = "", known = 0 }
  end,

  cold = function(rule, at)
    local state = kinds.window.empty(rule)
    state.floor = at + rule.widest
    return state
  end,

  shadow = function() return { most = 0, widest = 0 } end,

  -- Another log of the same cost: as if it were full until all of the first is over.
  adopt = function(rule, other)
    local state = kinds.window.empty(rule)
    local newest = other.state.known == 0 and 0 or ring_at(other.state, 1) + rule.widest
    state.floor = math.max(other.state.floor, newest)
    return state
  end,

  read = function(rule, bytes)
    local state, body = {}, rule.body
    local big
    big, state.floor, state.most, state.widest = unpack("<Bddd", bytes)
    if big == 1 then
      state.capacity, state.next, state.known, state.life = unpack("<dddd", bytes, 26)
      state.body, state.pending, state.read, state.fresh = body, {}, {}, 0
    else
      state.raw = string.sub(bytes, 26)
      state.known = #state.raw / 8
    end
    if rule.most > state.most then state.most = rule.most end
    if rule.widest > state.widest then state.widest = rule.widest end
    return state
  end,

  write = function(_, state, now)
    local head = pack("<Bddd", state.body and 1 or 0, state.floor, state.most, state.widest)
    if not state.body then return head .. state.raw end
    local idle = kinds.window.idle(nil, state)
    ring_flush(state)
    if idle > state.life then
      state.life = idle + state.widest
      redis.call("PEXPIRE", state.body, math.ceil((state.life - now) / 1000) + 1)
    end
    return head .. pack("<dddd", state.capacity, state.next, state.known, state.life)
  end,

  earliest = function(rule, state, cost, now)
    if cost > rule.most then return NEVER end
    local instant = now
    local known = state.known
    if state.floor > instant then instant = state.floor end
    if known > 0 then
      local newest = ring_at(state, 1)
      if newest > instant then instant = newest end
    end
    for i = 1, #rule, 2 do
      local back = rule[i] - cost + 1
      if back < 1 then return NEVER end
      if back <= known then
        local free = ring_at(state, back) + rule[i + 1]
        if free > instant then instant = free end
      end
    end
    return instant
  end,

  commit = function(_, state, cost, at, now, _, _, body)
    ring_room(state, cost, now, body)
    if not state.body then
      state.raw = state.raw .. string.rep(pack("<d", at), cost)
      state.known = state.known + cost
      -- One more than is needed goes with each that comes, so that idle memory stays small.
      while state.known > state.most and unpack("<d", state.raw) + state.widest <= now do
        state.raw = string.sub(state.raw, 9)
        state.known = state.known - 1
      end
      return
    end
    state.known = math.min(state.known + cost, state.capacity)
    if cost >= RING_RUN then return ring_run(state, at, cost) end
    for _ = 1, cost do
      state.pending[state.next] = at
      state.next = (state.next + 1) % state.capacity
    end
    state.fresh = math.min(state.fresh + cost, state.capacity)
  end,

  idle = function(_, state)
    local newest = state.known == 0 and 0 or ring_at(state, 1) + state.widest
    return math.max(state.floor, newest)
  end,
}

--- amend
local RING_NEAR = 2000 -- instants that may move one by one

-- Takes instants out of a long log where they are near its end, and moves only what is newer. False
-- when they are not.
local function ring_remove(state, units, at)
  local back, found = 1, 0
  while back <= state.known and ring_at(state, back) > at do
    back = back + 1
    if back > RING_NEAR then return false end
  end
  while found < units and back + found <= state.known and ring_at(state, back + found) == at do
    found = found + 1
  end
  for i = back - 1, 1, -1 do
    state.pending[(state.next - i - found) % state.capacity] = ring_at(state, i)
  end
  state.next = (state.next - found) % state.capacity
  state.known = state.known - found
  state.fresh = math.max(state.fresh - found, found > 0 and back - 1 or 0)
  return true
end

function kinds.window.refund(_, state, units, _, at, now, _, body)
  if state.body and ring_remove(state, units, at) then return end
  local line = ring_line(state)
  local known = #line / 8
  local low, high = 1, known + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if unpack("<d", line, 8 * (known - middle) + 1) > at then low = middle + 1 else high = middle end
  end
  local found = 0
  while found < units and low + found <= known and unpack("<d", line, 8 * (known - low - found) + 1) == at do
    found = found + 1
  end
  if found == 0 then return end
  local ends = 8 * (known - low + 1)
  line = string.sub(line, 1, ends - 8 * found) .. string.sub(line, ends + 1)
  if state.body then ring_lay(state, body, line, state.capacity)
  else state.raw, state.known = line, #line / 8 end
end

kinds.window.piece = function(rule)
  local piece = rule.most
  for i = 1, #rule, 2 do piece = math.min(piece, rule[i]) end
  return piece
end

function kinds.window.shift(_, state, by, body)
  local line, moved = ring_line(state), {}
  for i = 1, #line, 8 do moved[#moved + 1] = pack("<d", math.max(0, unpack("<d", line, i) + by)) end
  line = table.concat(moved)
  if state.body then ring_lay(state, body, line, state.capacity) else state.raw = line end
  if state.floor > 0 then state.floor = math.max(0, state.floor + by) end
end

--- look
function kinds.window.used(rule, state, now)
  local low, high = 0, math.min(state.known, rule[1])
  while low < high do
    local middle = math.floor((low + high + 1) / 2)
    if ring_at(state, middle) + rule[2] > now then low = middle else high = middle - 1 end
  end
  return low
end

function kinds.window.free(rule, state, now)
  local newest = state.known == 0 and 0 or ring_at(state, 1) + rule.widest
  return math.max(now, state.floor, newest)
end
