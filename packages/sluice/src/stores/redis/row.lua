-- A row: what a key has, or what all keys of a limiter share. Its clock's last reading and its last
-- ticket, its gate, the instant from which all of it is idle, and each rule's state by a number that
-- is made of its kind and the name of its cost. A single pace has a form of 28 bytes.

local ROW, PACE_ROW = 2, 1
local JUMP = 1000000 -- a clock that goes back by more was set; by less, it is taken to stand still

local time = redis.call("TIME")
local clock = time[1] * 1000000 + time[2]
local now = clock

-- Micros and units of the interval of a pace: see pace.lua.
local function pace_interval(pitch)
  local units = pitch % 256
  local exponent = math.floor(pitch / 256) % 16
  return math.floor(pitch / 4096) * 10 ^ exponent, units
end

local function row_read(key)
  local row = { key = key, seen = 0, ticket = 0, gate = 0, keep = 0, count = 0, states = {} }
  local bytes = redis.call("GET", key)
  if not bytes then
    -- Tickets go on to rise after a reset.
    row.ticket = (redis.call("GET", key .. "#r") or 0) + 0
    return row
  end
  row.bytes = bytes
  local form = string.byte(bytes)
  if form == PACE_ROW then
    local _, id, pitch, seen, debt, rest, last, before, ticket = unpack("<BBI4I7i4I2i4i4B", bytes)
    last = last == -2147483648 and 0 or seen + last
    before = before == -2147483648 and 0 or seen + before
    row.seen, row.ticket, row.keep, row.count = seen, seen + ticket, seen + debt + 1, 1
    row.states[id] = { seen + debt, rest, last, before, pitch = pitch }
  elseif form == ROW then
    local at
    form, row.seen, row.ticket, row.gate, row.keep, at = unpack("<Bdddd", bytes)
    while at <= #bytes do
      local id, length
      id, length, at = unpack("<I2I4", bytes, at)
      row.states[id] = string.sub(bytes, at, at + length - 1)
      row.count = row.count + 1
      at = at + length
    end
  else
    error("SLUICE_CORRUPT")
  end
  return row
end

-- The 28 bytes of a row that is nothing but one pace, if its numbers fit.
local function pace_row(row, rule, state)
  local function near(instant)
    if instant == 0 then return -2147483648 end
    local delta = instant - now
    return delta > -2147483648 and delta < 2147483648 and delta or nil
  end
  local debt, last, before = state[1] - now, near(state[3]), near(state[4])
  if not last or not before or math.abs(debt) >= 2147483648 then return nil end
  local ticket = row.ticket - now
  if rule.pitch == 0 or state[2] >= 65536 or rule.id > 255 or ticket < 0 or ticket > 255 then return nil end
  return pack("<BBI4I7i4I2i4i4B", PACE_ROW, rule.id, rule.pitch, now, debt, state[2], last, before, ticket)
end

-- Writes a row with its time to live.
local function row_write(row)
  -- A moment longer than the last ticket, so that tickets rise.
  local keep, count = math.max(row.gate, row.ticket + 1, now + 1), 0
  for id in pairs(row.states) do
    count = count + 1
    if not row.rules[id] then keep = math.max(keep, row.keep) end
  end
  for id, rule in pairs(row.rules) do
    if rule.state then
      local kind = kinds[rule.kind]
      keep = math.max(keep, (kind.keep or kind.idle)(rule, rule.state))
      if row.states[id] == nil then count = count + 1 end
    end
  end
  local bytes
  local only = count == 1 and row.gate <= now and row.first
  if only and only.kind == "pace" and only.state then bytes = pace_row(row, only, only.state) end
  if not bytes then
    local parts = { pack("<Bdddd", ROW, now, row.ticket, row.gate, keep) }
    for id, rule in pairs(row.rules) do
      if rule.state then row.states[id] = kinds[rule.kind].write(rule, rule.state, now) end
    end
    for id, state in pairs(row.states) do
      if type(state) == "table" then
        local micros, units = pace_interval(state.pitch)
        state = pack("<dddddd", state[1], state[2], state[3], state[4], micros, units)
      end
      parts[#parts + 1] = pack("<I2I4", id, #state)
      parts[#parts + 1] = state
    end
    bytes = table.concat(parts)
  end
  redis.call("SET", row.key, bytes, "PX", math.ceil((keep - clock) / 1000))
end

-- Another kind of limit under the same cost is another caller's mistake.
local function row_check(row)
  for id in pairs(row.states) do
    local isKnown, isMissing = false, false
    for other in pairs(row.rules) do
      if other % 256 == id % 256 then
        isKnown = isKnown or math.floor(other / 4096) == math.floor(id / 4096)
        isMissing = isMissing or row.states[other] == nil
      end
    end
    if isMissing and not isKnown then error("SLUICE_CONFLICT") end
  end
end
