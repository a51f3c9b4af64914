-- The window in parts: see parts.ts. The state also notes parts, length of a part and grain.
-- State: number, parts, length of a part, grain, start of the newest part, its index in the ring (plus
-- one; 0 when empty), what was lost and from when, the newest instant, the sums' total, then the sums.
-- Numbers of a rule: count, parts, length of a part, grain, span.

CREATE OR REPLACE FUNCTION sluice.parts_grains(p float8[], i int, cost float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN ceil(cost / p[i + 4]) * p[i + 4];
END $$;

-- The place of the part that is `age` parts older than the newest.
CREATE OR REPLACE FUNCTION sluice.parts_slot(s float8[], age int) RETURNS int
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  rings constant int := s[2] + 1;
BEGIN
  RETURN 11 + (s[6]::int - 1 - age + rings) % rings;
END $$;

-- How many parts the part of an instant is older than the newest.
CREATE OR REPLACE FUNCTION sluice.parts_age(s float8[], at float8) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(0, ceil((s[5] - at) / s[3]))
$$;

CREATE OR REPLACE FUNCTION sluice.parts_set(s float8[], slot int, sum float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  s[10] := s[10] + sum - s[slot];
  s[slot] := sum;
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION sluice.parts_empty(p float8[], i int, id float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY[id, p[i + 2], p[i + 3], p[i + 4], 0, 0, 0, 0, 0, 0]
    || array_fill(0::float8, ARRAY[p[i + 2]::int + 1])
$$;

CREATE OR REPLACE FUNCTION sluice.parts_cold(p float8[], i int, id float8, at float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  s float8[] := sluice.parts_empty(p, i, id);
BEGIN
  s[5] := at + p[i + 5];
  s[7] := sluice.parts_grains(p, i, p[i + 1]);
  s[8] := s[5] - (p[i + 2] + 1) * p[i + 3];
  RETURN s;
END $$;

-- Turns the ring so that its newest part holds `at`.
CREATE OR REPLACE FUNCTION sluice.parts_advance(s float8[], at float8, now float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  rings constant int := s[2] + 1;
  start constant float8 := s[5];
  passed constant float8 := floor((at - s[5]) / s[3]);
  slot int;
  made float8;
BEGIN
  IF start <= now THEN s[7] := 0; END IF;
  IF s[6] = 0 THEN
    s[6] := 1;
    s[5] := CASE WHEN s[7] = 0 THEN at ELSE start + greatest(0, passed) * s[3] END;
    RETURN s;
  END IF;
  IF passed <= 0 THEN RETURN s; END IF;
  FOR age IN greatest(0, rings - passed)..rings - 1 LOOP
    slot := sluice.parts_slot(s, age);
    IF s[slot] <> 0 THEN
      made := start - age * s[3];
      -- It leaves the ring before its time, because something is booked ahead.
      IF at > now AND made + rings * s[3] > now THEN
        s[8] := CASE WHEN s[7] = 0 THEN made ELSE greatest(made, s[8]) END;
        s[7] := s[7] + s[slot];
      END IF;
      s := sluice.parts_set(s, slot, 0);
    END IF;
  END LOOP;
  s[6] := (s[6]::bigint - 1 + passed::bigint) % rings + 1;
  s[5] := CASE WHEN passed >= rings AND s[7] = 0 THEN at ELSE start + passed * s[3] END;
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION sluice.parts_commit(
  p float8[], i int, s float8[], cost float8, at float8, now float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  slot int;
BEGIN
  s := sluice.parts_advance(s, at, now);
  slot := sluice.parts_slot(s, 0);
  s[9] := greatest(s[9], at);
  RETURN sluice.parts_set(s, slot, s[slot] + sluice.parts_grains(p, i, cost));
END $$;

-- What a part of another length holds counts as made at its end, or at the newest instant.
CREATE OR REPLACE FUNCTION sluice.parts_read(p float8[], i int, s float8[], now float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  moved float8[];
  ends float8;
  sum float8;
BEGIN
  IF s[2] = p[i + 2] AND s[3] = p[i + 3] AND s[4] = p[i + 4] THEN RETURN s; END IF;
  moved := sluice.parts_empty(p, i, s[1]);
  IF s[6] = 0 THEN
    moved[5] := s[5];
    RETURN moved;
  END IF;
  FOR age IN REVERSE s[2]::int..0 LOOP
    sum := s[sluice.parts_slot(s, age)];
    ends := s[5] - (age - 1) * s[3] - 1;
    IF sum > 0 THEN moved := sluice.parts_commit(p, i, moved, sum, least(ends, s[9]), now); END IF;
  END LOOP;
  RETURN moved;
END $$;

CREATE OR REPLACE FUNCTION sluice.parts_earliest(
  p float8[], i int, s float8[], asked float8, now float8
) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  cost constant float8 := sluice.parts_grains(p, i, asked);
  most constant float8 := sluice.parts_grains(p, i, p[i + 1]);
  rings constant int := p[i + 2] + 1;
  start constant float8 := greatest(now, s[5]);
  passed float8;
  sum float8 := 0;
BEGIN
  IF cost > most THEN RETURN 'Infinity'; END IF;
  IF s[6] = 0 OR s[10] + cost <= most THEN RETURN start; END IF;
  passed := floor((start - s[5]) / s[3]);
  IF passed >= rings THEN RETURN start; END IF;
  FOR age IN 0..rings - 1 - passed LOOP sum := sum + s[sluice.parts_slot(s, age)]; END LOOP;
  IF sum + cost <= most THEN RETURN start; END IF;
  FOR age IN REVERSE rings - 1 - passed..0 LOOP
    sum := sum - s[sluice.parts_slot(s, age)];
    IF sum + cost <= most THEN RETURN s[5] + (rings - age) * s[3]; END IF;
  END LOOP;
  RETURN start;
END $$;

CREATE OR REPLACE FUNCTION sluice.parts_idle(s float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN s[6] = 0 THEN s[5] ELSE s[5] + (s[2] + 1) * s[3] END
$$;

-- Nothing is booked into the newest part any more: it need not close the time before it.
CREATE OR REPLACE FUNCTION sluice.parts_retreat(s float8[], count float8, now float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  rings constant int := s[2] + 1;
  lost constant float8 := CASE WHEN s[7] = 0 THEN 'Infinity' ELSE sluice.parts_age(s, s[8]) END;
  empty int := 0;
  back float8;
  slot int;
BEGIN
  -- Sums of more would not be exact.
  IF s[7] > 4 * count THEN RETURN s; END IF;
  WHILE empty < rings AND s[sluice.parts_slot(s, empty)] = 0 LOOP empty := empty + 1; END LOOP;
  back := least(ceil((s[5] - now) / s[3]), floor(s[5] / s[3]), lost);
  IF empty < rings THEN back := least(back, empty); END IF;
  IF back <= 0 THEN RETURN s; END IF;
  s[5] := s[5] - back * s[3];
  s[6] := (s[6]::bigint - 1 - back::bigint % rings + rings) % rings + 1;
  IF lost - back > s[2] THEN RETURN s; END IF;
  slot := sluice.parts_slot(s, (lost - back)::int);
  s := sluice.parts_set(s, slot, s[slot] + s[7]);
  s[7] := 0;
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION sluice.parts_refund(
  p float8[], i int, s float8[], units float8, cost float8, at float8, now float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  age constant float8 := sluice.parts_age(s, at);
  slot int;
  given float8;
BEGIN
  IF s[6] = 0 OR age > s[2] THEN RETURN s; END IF;
  slot := sluice.parts_slot(s, age::int);
  given := sluice.parts_grains(p, i, cost) - sluice.parts_grains(p, i, cost - units);
  RETURN sluice.parts_retreat(sluice.parts_set(s, slot, greatest(0, s[slot] - given)), p[i + 1], now);
END $$;

CREATE OR REPLACE FUNCTION sluice.parts_shift(s float8[], shift float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF s[5] > 0 OR s[6] <> 0 THEN s[5] := greatest(0, s[5] + shift); END IF;
  s[8] := s[8] + shift;
  s[9] := greatest(0, s[9] + shift);
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION sluice.parts_used(s float8[], now float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  passed constant float8 := greatest(0, floor((now - s[5]) / s[3]));
  sum float8 := 0;
BEGIN
  IF s[6] = 0 OR passed > s[2] THEN RETURN 0; END IF;
  FOR age IN 0..s[2] - passed LOOP sum := sum + s[sluice.parts_slot(s, age)]; END LOOP;
  RETURN sum;
END $$;
