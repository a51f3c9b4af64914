-- Decides for several costs in order, and writes what it admits.
-- KEYS: the row of the key, and that of the limiter if any limit is per limiter.
-- ARGV: the rules; the gate of the limiter; how far ahead; not before; since when the caller waits (-1
-- for now); how many costs, and for each a number for every rule. A negative number of costs says that
-- they are all the same, of which taking several at one instant is taking their sum; they come once.
-- Reply: now, the first ticket, the gate of the limiter, the instants, with how many have it before each
-- where all costs are the same. If not all were admitted the ticket is negative, and at the end stands
-- until when the first of the others is refused, the same by the key alone, and the rule that binds.

local gate, maxWait, least, since = next(), next(), next(), next()
if shared then gate = shared.gate end
if since < 0 or since > now then since = now end
local ticket = math.max(now, own.ticket + 1, shared and shared.ticket + 1 or 0)
local reply, first = { now, ticket, gate }, ticket

-- Where several are taken at once they are booked as all but one, and one: the newest two instants
-- that a pace knows of are then the same as if they had come one by one.
local function take(from, at, times)
  index = from
  for j = 1, #rules do
    local units = next()
    if units ~= 0 then
      if times > 1 then book(rules[j], units * (times - 1), at, since, ticket) end
      book(rules[j], units, at, since, ticket)
    end
  end
  -- Tickets rise over all that may hold something, even where this one costs nothing.
  if shared and shared.asked > 0 then shared.dirty = true else own.dirty = true end
  ticket = ticket + times
  own.ticket = ticket - 1
  if shared then shared.ticket = ticket - 1 end
end

local left = next()
local isSame = left < 0
if isSame then left = -left end
-- How many may be worth asking for at once.
local several = isSame and left or 1
for _, rule in ipairs(rules) do
  if #rule.shadows > 0 then several = 1 end
end

while left > 0 do
  local from = index
  local all, alone, binding = earliest_of(gate, since, 1)
  if all >= 0 and all < least then all = least else least = all end
  if all < 0 or all > now + maxWait then
    reply[2] = -first
    reply[#reply + 1] = told(all)
    reply[#reply + 1] = told(alone)
    reply[#reply + 1] = binding
    break
  end
  if several > left then several = left end
  while several > 1 do
    index = from
    local at = earliest_of(gate, since, several)
    if at >= 0 and at <= all then break end
    several = math.floor(several / 2)
  end
  take(from, all, several)
  if isSame then
    index = from
    reply[#reply + 1] = several
  end
  reply[#reply + 1] = all
  left = left - several
end

if own.dirty then row_write(own) end
if shared and shared.dirty then row_write(shared) end
return reply
