-- A row: what a key has, or what all keys of a limiter share. Its clock's last reading and its last
-- ticket, its gate, the instant from which all of it is idle, and the states. A state's id is the code
-- of its kind, the name of its cost, "=", and the numbers by which it is counted, where others may come
-- with other ones. A single pace has forms of 12 bytes (after one unit), 28 and 40, a single short
-- window one of 26 and its log; the name of the cost comes at the end of these. Doubles are packed
-- several times as fast as integers.

local PACE_ROW, ROW, LONG_PACE_ROW, WINDOW_ROW, FIRST_PACE_ROW = 1, 2, 3, 4, 5
local MOST_SHADOWS = 7
local JUMP = 1000000 -- a clock that goes back by more was set; by less, it is taken to stand still

local time = redis.call("TIME")
local clock = time[1] * 1000000 + time[2]
local now = clock

-- The borders of calendar periods by which others count, by what these are called in ids.
local periods = {}

local function row_family(id) return (string.match(id, "^(.*)=")) end

-- The pitch of a pace has micros and units of its interval, see pace.lua.
local function pace_micros(pitch) return math.floor(pitch / 4096) * 10 ^ (math.floor(pitch / 256) % 16) end

local function pace_id(pitch, name)
  return string.format("0%s=%.0f/%d", name, pace_micros(pitch), pitch % 256)
end

local function row_read(key)
  local row = {
    key = key, seen = 0, ticket = 0, gate = 0, keep = 0, asked = 0,
    states = {}, rules = {}, families = {}, sources = {},
  }
  local bytes = redis.call("GET", key)
  if not bytes then
    -- Tickets go on to rise after a reset.
    row.ticket = (redis.call("GET", key .. "#r") or 0) + 0
    return row
  end
  local form, at = string.byte(bytes), 0
  if form == PACE_ROW or form == LONG_PACE_ROW or form == FIRST_PACE_ROW then
    local pitch, tat, last
    local before, rest, ticket = 0, 0, 0
    if form == LONG_PACE_ROW then
      form, pitch, row.seen, tat, before, last, rest, ticket, at = unpack("<BI4ddddI2B", bytes)
    elseif form == PACE_ROW then
      pitch, row.seen, tat, before, at = unpack("<I4ddd", bytes)
    else
      pitch, row.seen, at = unpack("<I4d", bytes)
      pitch = pitch - FIRST_PACE_ROW + 1
      tat = row.seen + pace_micros(pitch)
    end
    row.ticket, row.keep = row.seen + ticket, tat + 1
    row.states[pace_id(pitch, string.sub(bytes, at))] = { tat, rest, last or row.seen, before }
  elseif form == WINDOW_ROW then
    local code, most, widest
    code, row.seen, most, widest, at = unpack("<I2ddd", bytes)
    local last, ticket = #bytes - math.floor(code / 256), most % 256
    local newest = last > at and unpack("<d", bytes, last - 7) or 0
    row.ticket, row.keep = row.seen + ticket, newest + widest
    local id = "1" .. string.sub(bytes, last + 1) .. "="
    row.states[id] = pack("<Bddd", 0, 0, (most - ticket) / 256, widest) .. string.sub(bytes, at, last)
  elseif form == ROW then
    form, row.seen, row.ticket, row.gate, row.keep, at = unpack("<Bdddd", bytes)
    while at <= #bytes do
      local named, length
      named, length, at = unpack("<I4I4", bytes, at)
      if #bytes < at + named + length - 1 then error("SLUICE_CORRUPT") end
      row.states[string.sub(bytes, at, at + named - 1)] =
        string.sub(bytes, at + named, at + named + length - 1)
      at = at + named + length
    end
  else
    error("SLUICE_CORRUPT")
  end
  return row
end

-- A row that is nothing but one pace, if its numbers fit. The short forms are of whole intervals, whose
-- pitch ends with 1: there the form stands.
local function pace_row(row, rule, state, name)
  local tat, rest, last, before = state[1], state[2], state[3], state[4]
  local pitch, ticket = rule.pitch, row.ticket - now
  if pitch == 0 then return nil end
  if rest == 0 and last == now and ticket == 0 and rule.units == 1 then
    if before == 0 and tat == now + rule.micros then
      return pack("<I4d", pitch - 1 + FIRST_PACE_ROW, now) .. name
    end
    return pack("<I4ddd", pitch, now, tat, before) .. name
  end
  if rest >= 65536 or ticket < 0 or ticket > 255 then return nil end
  return pack("<BI4ddddI2B", LONG_PACE_ROW, pitch, now, tat, before, last, rest, ticket) .. name
end

-- The same for one window.
local function window_row(row, state, name)
  local ticket = row.ticket - now
  if state.body or state.floor > 0 or ticket < 0 or ticket > 255 or #name > 255 then return nil end
  local head = pack("<I2ddd", WINDOW_ROW + 256 * #name, now, state.most * 256 + ticket, state.widest)
  return head .. state.raw .. name
end

local function row_bytes(row, kept, keep)
  local only = kept[1]
  if #kept == 2 and row.gate <= now and type(kept[2]) == "table" then
    local state = kept[2].state
    local name = string.sub(row_family(only), 2)
    local bytes
    if kept[2].kind == "pace" and only == pace_id(kept[2].pitch, name) then
      bytes = pace_row(row, kept[2], state, name)
    elseif kept[2].kind == "window" and only == "1" .. name .. "=" then
      bytes = window_row(row, state, name)
    end
    if bytes then return bytes end
  end
  local parts = { pack("<Bdddd", ROW, now, row.ticket, row.gate, keep) }
  for i = 1, #kept, 2 do
    local id, state = kept[i], kept[i + 1]
    if type(state) == "table" then
      state = state.kind and kinds[state.kind].write(state, state.state, now) or pack("<dddd", state[1], state[2], state[3], state[4])
    end
    parts[#parts + 1] = pack("<I4I4", #id, #state)
    parts[#parts + 1] = id
    parts[#parts + 1] = state
  end
  return table.concat(parts)
end

-- Writes a row with its time to live. What was counted by other numbers goes once it is idle, and when
-- that is too much, what reaches least far.
local function row_write(row)
  -- A moment longer than the last ticket, so that tickets rise.
  local keep, kept, shadows = math.max(row.gate, row.ticket + 1, now + 1), {}, {}
  local function add(id, state, idle)
    keep = math.max(keep, idle)
    kept[#kept + 1] = id
    kept[#kept + 1] = state
  end
  for id, state in pairs(row.states) do
    if not row.rules[id] then add(id, state, row.keep) end
  end
  for id, rule in pairs(row.rules) do
    if rule.state then
      local kind = kinds[rule.kind]
      rule.idle = (kind.keep or kind.idle)(rule, rule.state)
      if not rule.isShadow then add(id, rule, rule.idle)
      elseif rule.idle > now then shadows[#shadows + 1] = rule end
    end
  end
  table.sort(shadows, function(a, b) return a.idle > b.idle end)
  for i = 1, math.min(#shadows, MOST_SHADOWS) do add(shadows[i].id, shadows[i], shadows[i].idle) end
  redis.call("SET", row.key, row_bytes(row, kept, keep), "PX", math.ceil((keep - clock) / 1000))
end

-- A state that this plan does not ask for, but of a cost and kind that it has: what is taken by the
-- plan's numbers is booked there too, for those who count by the others.
local function row_shadow(row, id)
  local first = row.families[row_family(id)]
  if not first then return nil end
  local kind = kinds[first.kind]
  local shadow = kind.shadow(string.match(id, "([^=]*)$"), first)
  shadow.kind, shadow.id, shadow.row, shadow.isShadow = first.kind, id, row, true
  if first.kind == "window" then shadow.body = row.key .. "#" .. id end
  first.shadows[#first.shadows + 1] = shadow
  row.rules[id] = shadow
  return shadow
end

-- Reads the states. Another kind of limit under the same cost is another caller's mistake.
local function row_states(row)
  local strange = {}
  for id, bytes in pairs(row.states) do
    local rule = row.rules[id] or row_shadow(row, id)
    if rule then
      local kind = kinds[rule.kind]
      rule.state = kind.read(rule, bytes)
      if row.by then kind.shift(rule, rule.state, row.by, rule.body) end
      -- Who comes with new numbers takes over from the state that reaches furthest.
      rule.idle = kind.idle(rule, rule.state)
      local family = row_family(id)
      local source = row.sources[family]
      if not source or rule.idle > source.idle then row.sources[family] = rule end
    else
      strange[#strange + 1] = string.sub(row_family(id), 2)
    end
  end
  for _, name in ipairs(strange) do
    for family, rule in pairs(row.families) do
      if string.sub(family, 2) == name and rule.kind ~= "blocked" and not row.sources[family] then
        error("SLUICE_CONFLICT")
      end
    end
  end
end
