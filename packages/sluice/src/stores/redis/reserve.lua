-- Decides for several costs in order, and writes what it admits.
-- KEYS: the row of the key, and that of the limiter if any limit is per limiter.
-- ARGV: the rules; the gate of the limiter; how far ahead; not before; since when the caller waits (-1
-- for now); how many costs, and for each a number for every rule.
-- Reply: now, the first ticket, the gate of the limiter, the instants. If not all were admitted the
-- ticket is negative, and at the end stands until when the first of the others is refused, the same by
-- the key alone, and the rule that binds.

local gate, maxWait, least, since = next(), next(), next(), next()
if shared then gate = shared.gate end
if since < 0 or since > now then since = now end
local ticket = math.max(now, own.ticket + 1, shared and shared.ticket + 1 or 0)
local reply, first = { now, ticket, gate }, ticket

for i = 1, next() do
  local from = index
  local all, alone, binding = earliest_of(gate, since)
  if all >= 0 and all < least then all = least else least = all end
  if all < 0 or all > now + maxWait then
    reply[2] = -first
    reply[#reply + 1] = told(all)
    reply[#reply + 1] = told(alone)
    reply[#reply + 1] = binding
    break
  end
  index = from
  for j = 1, #rules do
    local units = next()
    if units ~= 0 then book(rules[j], units, all, since, ticket) end
  end
  reply[#reply + 1] = all
  -- Tickets rise over all that may hold something, even where this one costs nothing.
  if shared and shared.asked > 0 then shared.dirty = true else own.dirty = true end
  own.ticket = ticket
  if shared then shared.ticket = ticket end
  ticket = ticket + 1
end

if own.dirty then row_write(own) end
if shared and shared.dirty then row_write(shared) end
return reply
