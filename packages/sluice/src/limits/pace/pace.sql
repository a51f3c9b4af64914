-- GCRA: see pace.ts, of which this is the dialect of PostgreSQL (whole microseconds in float8).
-- State: number, theoretical arrival time, rest, newest instant promised, the one before it, and the
-- interval of one unit, micros / units. Who comes with another interval takes the debt over in units.
-- Numbers of a rule: micros, units, burst, catchUp.

CREATE OR REPLACE FUNCTION sluice.pace_floor(amount float8, units float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  quotient float8;
  rest float8;
BEGIN
  IF units = 1 THEN RETURN amount; END IF;
  quotient := floor(amount / units);
  rest := amount - quotient * units;
  IF rest < 0 THEN RETURN quotient - 1; END IF;
  IF rest >= units THEN RETURN quotient + 1; END IF;
  RETURN quotient;
END $$;

CREATE OR REPLACE FUNCTION sluice.pace_add(s float8[], units float8, amount float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  total constant float8 := s[3] + amount;
  whole constant float8 := CASE WHEN units = 1 THEN total ELSE sluice.pace_floor(total, units) END;
BEGIN
  s[2] := s[2] + whole;
  s[3] := total - whole * units;
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION sluice.pace_from(p float8[], i int, at float8, since float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF p[i + 4] = 0 OR since >= at THEN RETURN at; END IF;
  RETURN greatest(since, at - floor(p[i + 4] * p[i + 1] / p[i + 2]));
END $$;

CREATE OR REPLACE FUNCTION sluice.pace_empty(p float8[], i int, id float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY[id, 0, 0, 0, 0, p[i + 1], p[i + 2]]
$$;

CREATE OR REPLACE FUNCTION sluice.pace_owing(p float8[], i int, id float8, work float8, at float8)
RETURNS float8[] LANGUAGE sql IMMUTABLE AS $$
  SELECT sluice.pace_add(ARRAY[id, at, 0, at, at, p[i + 1], p[i + 2]], p[i + 2], work)
$$;

CREATE OR REPLACE FUNCTION sluice.pace_cold(p float8[], i int, id float8, at float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT sluice.pace_owing(p, i, id, ceil(p[i + 3] * p[i + 1]), at)
$$;

CREATE OR REPLACE FUNCTION sluice.pace_read(p float8[], i int, s float8[], now float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  owed float8;
BEGIN
  IF s[6] = p[i + 1] AND s[7] = p[i + 2] THEN RETURN s; END IF;
  owed := ((s[2] - now) * s[7] + s[3]) / s[6];
  IF owed <= 0 THEN RETURN sluice.pace_empty(p, i, s[1]); END IF;
  RETURN sluice.pace_owing(p, i, s[1], ceil(owed * p[i + 1]), now);
END $$;

CREATE OR REPLACE FUNCTION sluice.pace_earliest(
  p float8[], i int, s float8[], cost float8, now float8, since float8
) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  spare float8;
  free float8;
BEGIN
  IF cost > p[i + 3] THEN RETURN 'Infinity'; END IF;
  spare := p[i + 3] * p[i + 1] - ceil(cost * p[i + 1]) - s[3];
  IF p[i + 2] <> 1 THEN spare := sluice.pace_floor(spare, p[i + 2]); END IF;
  free := s[2] - spare;
  IF p[i + 4] > 0 THEN now := sluice.pace_from(p, i, now, since); END IF;
  RETURN CASE WHEN free > now THEN free ELSE now END;
END $$;

CREATE OR REPLACE FUNCTION sluice.pace_commit(
  p float8[], i int, s float8[], cost float8, at float8, now float8, since float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  start float8 := at;
BEGIN
  IF at <= now THEN start := sluice.pace_from(p, i, now, since); END IF;
  IF s[2] < start THEN
    s[2] := start;
    s[3] := 0;
  END IF;
  IF at >= s[4] THEN
    s[5] := s[4];
    s[4] := at;
  END IF;
  RETURN sluice.pace_add(s, p[i + 2], ceil(cost * p[i + 1]));
END $$;

CREATE OR REPLACE FUNCTION sluice.pace_idle(s float8[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE WHEN s[3] > 0 THEN s[2] + 1 ELSE s[2] END;
END $$;

CREATE OR REPLACE FUNCTION sluice.pace_refund(
  p float8[], i int, s float8[], units float8, cost float8, at float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  given float8 := floor(units * p[i + 1]);
BEGIN
  IF s[4] > at THEN
    given := least(given, ceil(cost * p[i + 1]) - (s[4] - at) * p[i + 2]);
  END IF;
  IF given > 0 THEN s := sluice.pace_add(s, p[i + 2], -given); END IF;
  IF units = cost AND s[4] = at THEN s[4] := s[5]; END IF;
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION sluice.pace_shift(s float8[], shift float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  n int;
BEGIN
  FOREACH n IN ARRAY ARRAY[2, 4, 5] LOOP
    IF s[n] > 0 THEN s[n] := greatest(0, s[n] + shift); END IF;
  END LOOP;
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION sluice.pace_used(p float8[], i int, s float8[], now float8) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(0, ((s[2] - now) * p[i + 2] + s[3]) / p[i + 1])
$$;
