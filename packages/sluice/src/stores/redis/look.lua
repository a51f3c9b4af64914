-- Looks without taking. KEYS: as for reserve. ARGV: the rules, the gate of the limiter, the costs, and
-- for every rate of every rule a cost whose earliest instant is asked for.
-- Reply: now, the gate, until when the costs are refused, the same by the key alone, the rule that
-- binds; then for every rate how much is used (as text), when all of it is free, the earliest instant,
-- and where the period ends that counts.

local gate = next()
if shared then gate = shared.gate end
local all, alone, binding = earliest_of(gate, now, 1)
local reply = { now, gate, told(all), told(alone), binding }

for _, rule in ipairs(rules) do
  local kind = kinds[rule.kind]
  if kind.used then
    local state = rule.state or kind.empty(rule)
    local rates = { rule }
    if rule.kind == "window" then
      for i = 1, #rule / 2 do
        local count, span = rule[2 * i - 1], rule[2 * i]
        rates[i] = { count, span, most = count, widest = span }
      end
    end
    for _, rate in ipairs(rates) do
      local free = kind.free and kind.free(rate, state, now) or kind.idle(rate, state)
      reply[#reply + 1] = string.format("%.17g", kind.used(rate, state, now))
      reply[#reply + 1] = math.max(now, free)
      reply[#reply + 1] = told(kind.earliest(rate, state, next(), now, now))
      reply[#reply + 1] = kind.ends and kind.ends(rate, state, now) or 0
    end
  end
end
return reply
