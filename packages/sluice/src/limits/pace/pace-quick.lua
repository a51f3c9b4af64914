-- One ask of a plan that is nothing but this pace, whose row is nothing else or not there: the same as
-- pace.lua and row.lua, without functions. 0 says that it is for the script that can do everything.
-- KEYS: the row. ARGV: the interval as one number, its micros, the burst; then, unless they are 1, 0, 0, 1
-- and "", the cost, how far ahead, for how long late waiters count back, units, and the name of the cost.
-- Reply: as for reserve, or the time alone when that is the instant and the ticket.
local time = redis.call("TIME")
local clock = time[1] * 1000000 + time[2]
local now, unpack = clock, struct.unpack
local pitch, micros = ARGV[1] + 0, ARGV[2] + 0
local cost, wait, back, units, name = 1, 0, 0, 1, ""
if ARGV[4] then
  cost, wait, back, units, name = ARGV[4] + 0, ARGV[5] + 0, ARGV[6] + 0, ARGV[7] + 0, ARGV[8]
end
local work = cost == 1 and micros or math.ceil(cost * micros)
local spare = ARGV[3] * micros - work
local bytes = redis.call("GET", KEYS[1])
local tat, rest, last, before, ticket = 0, 0, 0, 0, 0
if bytes then
  local size = #bytes - #name
  local form, code, seen = 1, nil, nil
  if size == 28 then
    code, seen, tat, before = unpack("<I4ddd", bytes)
    last = seen
  elseif size == 12 then
    code, seen = unpack("<I4d", bytes)
    code, tat, last = code - 4, seen + micros, seen
  elseif size == 40 then
    form, code, seen, tat, before, last, rest, ticket = unpack("<BI4ddddI2B", bytes)
  end
  if code ~= pitch or form ~= (size == 40 and 3 or 1) then return 0 end
  if name ~= "" and string.sub(bytes, size + 1) ~= name then return 0 end
  if seen > now then
    if seen - now > 1000000 then return 0 end
    now = seen
  end
  ticket = seen + ticket + 1
end
if ticket < now then ticket = now end

-- Whole numbers: of a quotient that is rounded, the rest tells.
spare = spare - rest
if units ~= 1 then
  local quotient = math.floor(spare / units)
  local left = spare - quotient * units
  spare = left < 0 and quotient - 1 or left >= units and quotient + 1 or quotient
end
local at = now
if tat - spare > at then at = tat - spare end
if at > now + wait then return { now, -ticket, 0, at, at, 0 } end

if tat < at then tat, rest = at, 0 end
rest = rest + work
if units == 1 then
  tat, rest = tat + rest, 0
else
  local quotient = math.floor(rest / units)
  local left = rest - quotient * units
  if left < 0 then quotient = quotient - 1 elseif left >= units then quotient = quotient + 1 end
  tat, rest = tat + quotient, rest - quotient * units
end
if at >= last then last, before = at, last end

if rest > 0 or units ~= 1 or last ~= now or ticket ~= now then
  if rest >= 65536 or ticket - now > 255 then return 0 end
  bytes = struct.pack("<BI4ddddI2B", 3, pitch, now, tat, before, last, rest, ticket - now)
elseif before == 0 and tat == now + micros then bytes = struct.pack("<I4d", pitch + 4, now)
else bytes = struct.pack("<I4ddd", pitch, now, tat, before) end
-- A number would first be written as a text, which takes as long as all of the above: so the time to live
-- is, where that is enough, the interval in milliseconds or ten times as much, which are texts already.
local life
if at == clock and units == 1 and back == 0 and micros % 1000 == 0 and micros > 1000 then
  local debt = tat - clock
  if debt <= micros then life = string.sub(ARGV[2], 1, -4)
  elseif debt <= 10 * micros then life = string.sub(ARGV[2], 1, -3) end
end
if not life then
  if rest > 0 then tat = tat + 1 end
  if tat <= ticket then tat = ticket + 1 end
  life = (tat + back - clock + 999) / 1000
  life = life - life % 1
end
redis.call("SET", KEYS[1], bytes .. name, "PX", life)
if at == clock and ticket == clock then return clock end
return { now, ticket, 0, at }
