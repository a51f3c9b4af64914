-- Looks without taking. `a`: from when a cold key counts as used, whether to read the limiter's gate,
-- that gate as the caller knows it, a cost for every rule, and for every rate of every rule a cost whose
-- earliest instant is asked for.
-- Reply: now, the gate, until when the costs are refused, the same by the key alone, the rule that
-- binds; then for every rate what `kind_view` says.

CREATE OR REPLACE FUNCTION sluice.look(lim text, k text, p float8[], a float8[]) RETURNS text
LANGUAGE plpgsql STABLE SET extra_float_digits = 1 AS $$
DECLARE
  short_lim constant text := sluice.short(lim);
  clock constant float8 := sluice.clock();
  own sluice.budgets;
  common sluice.budgets;
  gate float8 := a[3];
  now float8;
  work sluice.cells[];
  decided float8[];
  reply float8[];
  i int := 4;
  c int := 3 + p[1];
BEGIN
  SELECT * INTO own FROM sluice.budgets b
    WHERE b.limiter = short_lim AND b.key = sluice.short(k);
  IF p[2] = 1 OR a[2] = 1 THEN
    SELECT * INTO common FROM sluice.budgets b WHERE b.limiter = short_lim AND b.key = '%';
    gate := coalesce(common.gate, 0);
  END IF;
  IF greatest(own.seen, common.seen) - clock > 1000000 THEN RAISE EXCEPTION 'SLUICE_JUMP'; END IF;
  now := greatest(clock, own.seen, common.seen);
  IF p[2] = 0 THEN common := NULL; END IF;
  work := sluice.states_of(p, own, common, a[1], now);
  decided := sluice.decide(p, work, a, 3, own.gate, gate, now, now, own.id, common.id);
  reply := ARRAY[now, gate] || array_replace(decided, 'Infinity', 4503599627370496);
  FOR j IN 1..p[1] LOOP
    IF p[i] <> 5 THEN
      FOR rate IN 1..CASE WHEN p[i] = 1 THEN p[i + 6] ELSE 1 END LOOP
        c := c + 1;
        reply := reply || array_replace(
          sluice.kind_view(p[i]::int, p, i + 3, rate, work[j], a[c], now,
            CASE WHEN p[i + 2] = 0 THEN own.id ELSE common.id END),
          'Infinity', 4503599627370496);
      END LOOP;
    END IF;
    i := i + 4 + p[i + 3]::int;
  END LOOP;
  RETURN array_to_string(reply, ' ');
END $$;

-- Keys with state.
CREATE OR REPLACE FUNCTION sluice.keys(lim text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
  SELECT coalesce(b.whole, b.key) FROM sluice.budgets b
    WHERE b.limiter = sluice.short(lim) AND b.key <> '%' AND b.keep > sluice.clock()
      AND (b.states <> '{}' OR b.gate > 0)
$$;
