-- The quota: see quota.ts; the wall clock is the store's own. Borders of calendar periods come from
-- there as numbers, because only it knows time zones; those of fixed periods are computed. Where the
-- list of borders does not reach, the caller is asked for a better one.
-- State: number, start of the newest period booked into, used of it, used of the one before, newest
-- instant, end of that period, fixed period (0 for none), anchor, what others booked after the end and
-- when last, and from when what was admitted is given back. Numbers of a rule: count, guard, fixed period (0 for none),
-- anchor, how many borders, these.

-- The period that holds an instant: its start and its end.
CREATE OR REPLACE FUNCTION sluice.quota_borders(p float8[], i int, at float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  rest float8;
BEGIN
  IF p[i + 3] > 0 THEN
    rest := (at - p[i + 4])::bigint % p[i + 3]::bigint;
    IF rest < 0 THEN rest := rest + p[i + 3]; END IF;
    RETURN ARRAY[at - rest, at - rest + p[i + 3]];
  END IF;
  FOR n IN REVERSE i + 4 + p[i + 5]::int..i + 6 LOOP
    IF at >= p[n] THEN
      EXIT WHEN at >= p[n + 1];
      RETURN p[n : n + 1];
    END IF;
  END LOOP;
  RAISE EXCEPTION 'SLUICE_BORDERS %', at::bigint;
END $$;

-- A state as the clock has it: start, used, before, last; the empty one began before all time.
CREATE OR REPLACE FUNCTION sluice.quota_reckon(p float8[], i int, s float8[]) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  made float8[];
BEGIN
  IF s[3] = 0 AND s[4] = 0 THEN RETURN ARRAY['-Infinity', 0, 0, s[5]]; END IF;
  IF s[5] >= s[2] THEN RETURN s[2:5]; END IF;
  made := sluice.quota_borders(p, i, s[5]);
  IF made[2] >= s[2] THEN RETURN s[2:5]; END IF;
  RETURN ARRAY[made[1], s[3] + s[4], p[i + 1], s[5]];
END $$;

-- How much of a period is taken; all of it before a booking ahead.
CREATE OR REPLACE FUNCTION sluice.quota_taken(known float8[], start float8, now float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF known[1] < start THEN RETURN 0; END IF;
  IF known[1] = start THEN RETURN known[2]; END IF;
  RETURN CASE WHEN known[4] <= now THEN known[2] + known[3] ELSE 'Infinity' END;
END $$;

CREATE OR REPLACE FUNCTION sluice.quota_empty(p float8[], i int, id float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY[id, 0, 0, 0, 0, 0, p[i + 3], p[i + 4], 0, 0, 0]
$$;

CREATE OR REPLACE FUNCTION sluice.quota_cold(p float8[], i int, id float8, at float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  period constant float8[] := sluice.quota_borders(p, i, at);
BEGIN
  RETURN ARRAY[id, period[1], p[i + 1], 0, at, period[2], p[i + 3], p[i + 4], 0, 0, 0];
END $$;

CREATE OR REPLACE FUNCTION sluice.quota_earliest(
  p float8[], i int, s float8[], cost float8, now float8
) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  known float8[];
  period float8[];
  ahead float8[];
BEGIN
  IF cost > p[i + 1] THEN RETURN 'Infinity'; END IF;
  known := sluice.quota_reckon(p, i, s);
  period := sluice.quota_borders(p, i, now);
  IF sluice.quota_taken(known, period[1], now) + cost <= p[i + 1] AND now < period[2] - p[i + 2] THEN
    RETURN now;
  END IF;
  IF known[1] > period[1] THEN
    ahead := sluice.quota_borders(p, i, known[1]);
    IF known[2] + cost <= p[i + 1] AND ahead[1] < ahead[2] - p[i + 2] THEN RETURN ahead[1]; END IF;
    RETURN ahead[2];
  END IF;
  RETURN period[2];
END $$;

CREATE OR REPLACE FUNCTION sluice.quota_commit(p float8[], i int, s float8[], cost float8, at float8)
RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  known float8[] := sluice.quota_reckon(p, i, s);
  period constant float8[] := sluice.quota_borders(p, i, at);
  newest constant float8 := greatest(s[5], at);
  old float8[] := period;
  before float8 := 0;
BEGIN
  IF period[1] > known[1] THEN
    IF known[2] > 0 THEN old := sluice.quota_borders(p, i, known[1]); END IF;
    -- What is less than a period ago still counts should the clock be set back.
    IF old[2] = period[1] OR at - s[5] < old[2] - old[1] THEN before := known[2]; END IF;
    RETURN ARRAY[s[1], period[1], cost, before, newest, period[2]] || s[7:];
  END IF;
  old := sluice.quota_borders(p, i, known[1]);
  IF period[1] = known[1] THEN known[2] := known[2] + cost; ELSE known[3] := known[3] + cost; END IF;
  RETURN ARRAY[s[1], known[1], known[2], known[3], newest, old[2]] || s[7:];
END $$;

CREATE OR REPLACE FUNCTION sluice.quota_idle(p float8[], i int, s float8[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  known constant float8[] := sluice.quota_reckon(p, i, s);
BEGIN
  IF known[1] = '-Infinity' OR (p[i + 3] = 0 AND known[1] < p[i + 6]) THEN RETURN 0; END IF;
  RETURN (sluice.quota_borders(p, i, known[1]))[2];
END $$;

CREATE OR REPLACE FUNCTION sluice.quota_refund(
  p float8[], i int, s float8[], units float8, at float8, now float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  known constant float8[] := sluice.quota_reckon(p, i, s);
  period float8[];
  used float8;
BEGIN
  IF known[1] = '-Infinity' OR (p[i + 3] = 0 AND at < p[i + 6]) OR at < s[11] THEN RETURN s; END IF;
  period := sluice.quota_borders(p, i, at);
  IF period[2] = known[1] THEN
    RETURN ARRAY[s[1], known[1], known[2], greatest(0, known[3] - units)] || s[5:];
  END IF;
  IF period[1] <> known[1] THEN RETURN s; END IF;
  used := greatest(0, known[2] - units);
  IF used > 0 OR known[1] <= now THEN RETURN ARRAY[s[1], known[1], used, known[3]] || s[5:]; END IF;
  -- Nothing is booked into the period ahead any more: back to the end of the one before it.
  period := sluice.quota_borders(p, i, known[1] - 1);
  RETURN ARRAY[s[1], period[1], known[3], p[i + 1], least(s[5], known[1] - 1), period[2]] || s[7:];
END $$;

CREATE OR REPLACE FUNCTION sluice.quota_shift(s float8[], shift float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT s[1:4] || s[5] + shift || s[6:9] || s[10] + shift || s[11]
$$;

-- What others booked into later periods counts in the last of these, all of it; nothing of it is given
-- back to an earlier one.
CREATE OR REPLACE FUNCTION sluice.quota_read(p float8[], i int, s float8[]) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  booked constant float8 := s[9];
BEGIN
  IF booked = 0 THEN RETURN s; END IF;
  s[9] := 0;
  s[11] := greatest(s[11], s[10]);
  RETURN sluice.quota_commit(p, i, s, booked, s[10]);
END $$;

-- The state of other periods as one of these: what the newest of them took counts in the present one.
CREATE OR REPLACE FUNCTION sluice.quota_taken_over(
  p float8[], i int, id float8, s float8[], now float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  period constant float8[] := sluice.quota_borders(p, i, greatest(s[2], now));
  used constant float8 := s[3] + s[9];
BEGIN
  IF used = 0 OR (s[2] < period[1] AND s[6] <= now AND s[10] < period[1]) THEN
    RETURN sluice.quota_empty(p, i, id);
  END IF;
  -- Booked ahead, it closes the time before it; of the period before nothing is known.
  RETURN ARRAY[id, period[1], used, p[i + 1], greatest(s[5], s[10], period[1]), period[2],
    p[i + 3], p[i + 4], 0, 0, now];
END $$;

-- What was admitted by other numbers, or given back (less than 0). Borders of calendar periods are not
-- known here, but for those of the newest one.
CREATE OR REPLACE FUNCTION sluice.quota_book(s float8[], cost float8, at float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  n int := CASE WHEN at < s[2] THEN 4 WHEN at < s[6] THEN 3 ELSE 9 END;
BEGIN
  -- Which of the periods before the newest it is of is not known.
  IF cost < 0 AND (n = 4 OR at < s[11]) THEN RETURN s; END IF;
  IF s[7] > 0 AND cost > 0 THEN
    RETURN sluice.quota_commit(ARRAY['Infinity', 0, s[7], s[8], 0], 0, s, cost, at);
  END IF;
  s[n] := greatest(0, s[n] + cost);
  IF cost > 0 THEN
    IF n = 9 THEN s[10] := greatest(s[10], at); ELSE s[5] := greatest(s[5], at); END IF;
  END IF;
  RETURN s;
END $$;

-- No calendar period that is known here is longer than a month.
CREATE OR REPLACE FUNCTION sluice.quota_over(s float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(s[6], CASE WHEN s[9] > 0 THEN s[10] + 2764800000000 ELSE 0 END)
$$;

-- What is used of the period that counts, and where that ends: the state's own when it is ahead.
CREATE OR REPLACE FUNCTION sluice.quota_current(p float8[], i int, s float8[], now float8)
RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  known constant float8[] := sluice.quota_reckon(p, i, s);
  period constant float8[] := sluice.quota_borders(p, i, now);
  units constant float8 := sluice.quota_taken(known, period[1], now);
BEGIN
  IF units < 'Infinity' THEN RETURN ARRAY[least(units, p[i + 1]), period[2]]; END IF;
  RETURN ARRAY[known[2], (sluice.quota_borders(p, i, known[1]))[2]];
END $$;
