-- The quota: see quota.ts; the wall clock is the store's own. Borders of calendar periods come from
-- there as numbers, because only it knows time zones; those of fixed periods are computed. Where the
-- list of borders does not reach, the caller is asked for a better one.
-- State: number, start of the newest period booked into, used of it, used of the one before, newest
-- instant. Numbers of a rule: count, guard, fixed period (0 for none), anchor, how many borders, these.

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

CREATE OR REPLACE FUNCTION sluice.quota_empty(id float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY[id, 0, 0, 0, 0]
$$;

CREATE OR REPLACE FUNCTION sluice.quota_cold(p float8[], i int, id float8, at float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY[id, (sluice.quota_borders(p, i, at))[1], p[i + 1], 0, at]
$$;

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
  known constant float8[] := sluice.quota_reckon(p, i, s);
  period constant float8[] := sluice.quota_borders(p, i, at);
  newest constant float8 := greatest(s[5], at);
  old float8[] := period;
  before float8 := 0;
BEGIN
  IF period[1] = known[1] THEN
    RETURN ARRAY[s[1], known[1], known[2] + cost, known[3], newest];
  ELSIF period[1] < known[1] THEN
    RETURN ARRAY[s[1], known[1], known[2], known[3] + cost, newest];
  END IF;
  IF known[2] > 0 THEN old := sluice.quota_borders(p, i, known[1]); END IF;
  -- What is less than a period ago still counts should the clock be set back.
  IF old[2] = period[1] OR at - s[5] < old[2] - old[1] THEN before := known[2]; END IF;
  RETURN ARRAY[s[1], period[1], cost, before, newest];
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
  IF known[1] = '-Infinity' OR (p[i + 3] = 0 AND at < p[i + 6]) THEN RETURN s; END IF;
  period := sluice.quota_borders(p, i, at);
  IF period[2] = known[1] THEN
    RETURN ARRAY[s[1], known[1], known[2], greatest(0, known[3] - units), s[5]];
  END IF;
  IF period[1] <> known[1] THEN RETURN s; END IF;
  used := greatest(0, known[2] - units);
  IF used > 0 OR known[1] <= now THEN RETURN ARRAY[s[1], known[1], used, known[3], s[5]]; END IF;
  -- Nothing is booked into the period ahead any more: back to the end of the one before it.
  period := sluice.quota_borders(p, i, known[1] - 1);
  RETURN ARRAY[s[1], period[1], known[3], p[i + 1], least(s[5], known[1] - 1)];
END $$;

CREATE OR REPLACE FUNCTION sluice.quota_shift(s float8[], shift float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT s[1:4] || s[5] + shift
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
