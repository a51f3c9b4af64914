-- One ask of a plan that is nothing but this window, whose log is short and all of its row: the same as
-- ring.lua and row.lua, without functions. 0 says that it is for the script that can do everything.
-- KEYS: the row. ARGV: most, widest in milliseconds; then, unless they are 1, 0, "" and the same again,
-- cost, how far ahead, the name of the cost, and of several rates counts and spans.
-- Reply: as for reserve, or the time alone when that is the instant and the ticket.
local time = redis.call("TIME")
local clock = time[1] * 1000000 + time[2]
local now, unpack = clock, struct.unpack
local most, widest = ARGV[1] + 0, ARGV[2] * 1000
local cost, wait, name = 1, 0, ""
if ARGV[3] then cost, wait, name = ARGV[3] + 0, ARGV[4] + 0, ARGV[5] end
local bytes = redis.call("GET", KEYS[1])
local from, last, ticket = 27, 26, 0
if bytes then
  last = #bytes - #name
  if last < 26 then return 0 end
  local code, seen, m, w = unpack("<I2ddd", bytes)
  local more = m % 256
  if code ~= 4 + 256 * #name or m - more ~= most * 256 or w ~= widest then return 0 end
  if name ~= "" and string.sub(bytes, last + 1) ~= name then return 0 end
  if seen > now then
    if seen - now > 1000000 then return 0 end
    now = seen
  end
  ticket = seen + more + 1
else
  bytes = ""
end
if ticket < now then ticket = now end

local known = (last - 26) / 8
local at = now
if known > 0 then
  local newest = unpack("<d", bytes, last - 7)
  if newest > at then at = newest end
end
if ARGV[6] then
  for i = 6, #ARGV, 2 do
    local back = ARGV[i] - cost + 1
    if back <= known then
      local free = unpack("<d", bytes, last - 8 * back + 1) + ARGV[i + 1]
      if free > at then at = free end
    end
  end
elseif most - cost + 1 <= known then
  local free = unpack("<d", bytes, last - 8 * (most - cost + 1) + 1) + widest
  if free > at then at = free end
end
if at > now + wait then return { now, -ticket, 0, at, at, 0 } end

while known + cost > most and known > 0 and unpack("<d", bytes, from) + widest <= now do
  from = from + 8
  known = known - 1
end
if known + cost > 64 or ticket - now > 255 then return 0 end
local head = struct.pack("<I2ddd", 4 + 256 * #name, now, most * 256 + ticket - now, widest)
local instant = struct.pack("<d", at)
if cost > 1 then instant = string.rep(instant, cost) end
local life = ARGV[2]
if at ~= clock then
  life = (at + widest - clock + 999) / 1000
  life = life - life % 1
end
redis.call("SET", KEYS[1], head .. string.sub(bytes, from, last) .. instant .. name, "PX", life)
if at == clock and ticket == clock then return clock end
return { now, ticket, 0, at }
