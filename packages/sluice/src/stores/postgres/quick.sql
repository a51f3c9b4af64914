-- The commonest question by two statements and nothing else, for every expression of a function costs
-- anew in each transaction: a single cost, by a plan that is one pace or a window of one rate, of a key
-- that was asked by it last, and that may pass now. Everything else is left to `reserve_any`, whose
-- arguments and reply are the same. The clock is read by the second statement, once the row is locked.

CREATE OR REPLACE FUNCTION sluice.reserve(lim text, k text, p float8[], a float8[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  place tid;
  reply text;
BEGIN
  IF p[1] = 1 AND p[2] = 0 AND p[4] < 2 AND (p[4] = 1 OR p[11] = 0 OR a[7] < 0)
    AND a[2] = 0 AND a[3] = 0 AND a[9] = 1 AND a[11] > 0 THEN
    SELECT b.ctid INTO place FROM sluice.budgets b WHERE b.limiter = lim AND b.key = k FOR UPDATE;
    IF place IS NULL THEN
      -- It is cold, or its name is too long.
      RETURN sluice.reserve_any(lim, k, p, a);
    ELSIF p[4] = 0 THEN
      -- Numbers of the rule from p[8] on: micros, units, burst, catchUp.
      UPDATE sluice.budgets b SET
          seen = greatest(c.clock, b.seen),
          ticket = greatest(c.clock, b.seen, b.ticket + 1),
          keep = greatest(c.clock + 1, b.seen + 1, b.ticket + 2,
            greatest((b.states[1])[2], c.clock, b.seen)
              + (c.work + c.units - 1 + CASE WHEN (b.states[1])[2] < greatest(c.clock, b.seen) THEN 0 ELSE (b.states[1])[3]::bigint END) / c.units),
          states = ARRAY[ARRAY[(b.states[1])[1],
            greatest((b.states[1])[2], c.clock, b.seen)
              + (c.work + CASE WHEN (b.states[1])[2] < greatest(c.clock, b.seen) THEN 0 ELSE (b.states[1])[3]::bigint END) / c.units,
            (c.work + CASE WHEN (b.states[1])[2] < greatest(c.clock, b.seen) THEN 0 ELSE (b.states[1])[3]::bigint END) % c.units,
            greatest((b.states[1])[4], c.clock, b.seen),
            CASE WHEN (b.states[1])[4] > greatest(c.clock, b.seen) THEN (b.states[1])[5] ELSE (b.states[1])[4] END,
            (b.states[1])[6], (b.states[1])[7]]::sluice.cells]
        FROM (SELECT round(date_part('epoch', clock_timestamp()) * 1000000) AS clock,
            ceil(a[11] * p[8])::bigint AS work, p[9]::bigint AS units,
            CASE WHEN a[8] = 0 THEN set_config('synchronous_commit', 'off', true) END OFFSET 0) c
        WHERE b.ctid = place AND b.shape = p[3] AND b.others = '{}' AND b.seen - c.clock <= 1000000
          AND greatest(b.gate, a[4], a[6]) <= greatest(c.clock, b.seen)
          AND p[10] * p[8] - c.work - (b.states[1])[3] >= ((b.states[1])[2] - greatest(c.clock, b.seen)) * p[9]
        RETURNING concat_ws(' ', b.seen::bigint, b.ticket::bigint, a[4]::bigint, b.seen::bigint) INTO reply;
    ELSE
      -- Most, widest, how many rates, count and span; the state: see ring.sql.
      UPDATE sluice.budgets b SET
          seen = greatest(c.clock, b.seen),
          ticket = greatest(c.clock, b.seen, b.ticket + 1),
          keep = greatest(c.clock + 1, b.seen + 1, b.ticket + 2, greatest(c.clock, b.seen) + (b.states[1])[3]),
          states = ARRAY[((b.states[1]::float8[])[1:5]
            || (b.states[1]::float8[])[6 + width_bucket(greatest(c.clock, b.seen) - (b.states[1])[3], (b.states[1]::float8[])[6:]):]
            || array_fill(greatest(c.clock, b.seen), ARRAY[a[11]::int]))::sluice.cells]
        FROM (SELECT round(date_part('epoch', clock_timestamp()) * 1000000) AS clock,
            p[11] - a[11] + 1 AS back,
            CASE WHEN a[8] = 0 THEN set_config('synchronous_commit', 'off', true) END OFFSET 0) c
        WHERE b.ctid = place AND b.shape = p[3] AND b.others = '{}' AND b.seen - c.clock <= 1000000
          AND greatest(b.gate, a[4], a[6], (b.states[1])[2]) <= greatest(c.clock, b.seen)
          AND p[10] = 1 AND c.back > 0 AND (b.states[1])[4] = 0 AND cardinality(b.states[1]) + a[11] < 133
          AND (b.states[1])[cardinality(b.states[1])] <= greatest(c.clock, b.seen)
          AND (c.back > cardinality(b.states[1]) - 5
            OR (b.states[1])[cardinality(b.states[1]) + 1 - c.back::int] + p[12] <= greatest(c.clock, b.seen))
        RETURNING concat_ws(' ', b.seen::bigint, b.ticket::bigint, a[4]::bigint, b.seen::bigint) INTO reply;
    END IF;
    IF reply IS NOT NULL THEN RETURN reply; END IF;
  END IF;
  RETURN sluice.reserve_any(lim, k, p, a);
END $$;
