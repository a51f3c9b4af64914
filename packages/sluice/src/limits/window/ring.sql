-- The exact window: see ring.ts. The newest 64 to 127 instants are kept in the row; older ones leave it
-- 64 at a time for rows of their own (`log`), so that a decision never rewrites the whole log.
-- Every caller is judged by its own rates; what is remembered is what the widest of them needs.
-- State: number, floor, widest (as far as any caller had it), how many instants are in `log`, the
-- number of its next piece, then the newest instants, the oldest of them first.
-- Numbers of a rule: most, widest, how many rates, then count and span of each.

CREATE OR REPLACE FUNCTION sluice.window_at(s float8[], back int, home bigint) RETURNS float8
LANGUAGE plpgsql STABLE AS $$
DECLARE
  older constant int := back - 1 - (cardinality(s) - 5);
  instant float8;
BEGIN
  IF older < 0 THEN RETURN s[cardinality(s) + 1 - back]; END IF;
  SELECT l.instants[64 - older % 64] INTO instant FROM sluice.log l
    WHERE l.budget = home AND l.rule = s[1]::bigint AND l.piece = s[5]::bigint - 1 - older / 64;
  IF instant IS NULL THEN RAISE EXCEPTION 'SLUICE_CORRUPT'; END IF;
  RETURN instant;
END $$;

CREATE OR REPLACE FUNCTION sluice.window_empty(p float8[], i int, id float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY[id, 0, p[i + 2], 0, 0]
$$;

CREATE OR REPLACE FUNCTION sluice.window_cold(p float8[], i int, id float8, at float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY[id, at + p[i + 2], p[i + 2], 0, 0]
$$;

CREATE OR REPLACE FUNCTION sluice.window_earliest(
  p float8[], i int, s float8[], cost float8, now float8, home bigint
) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
DECLARE
  kept constant int := cardinality(s);
  known constant float8 := kept - 5 + s[4];
  instant float8 := CASE WHEN s[2] > now THEN s[2] ELSE now END;
  back float8;
  free float8;
  n int := i + 4;
BEGIN
  IF cost > p[i + 1] THEN RETURN 'Infinity'; END IF;
  IF known > 0 THEN
    free := CASE WHEN kept > 5 THEN s[kept] ELSE sluice.window_at(s, 1, home) END;
    IF free > instant THEN instant := free; END IF;
  END IF;
  FOR rate IN 1..p[i + 3] LOOP
    back := p[n] - cost + 1;
    IF back < 1 THEN RETURN 'Infinity'; END IF;
    IF back <= known THEN
      free := p[n + 1] + CASE WHEN back <= kept - 5 THEN s[kept + 1 - back::int]
        ELSE sluice.window_at(s, back::int, home) END;
      IF free > instant THEN instant := free; END IF;
    END IF;
    n := n + 2;
  END LOOP;
  RETURN instant;
END $$;

CREATE OR REPLACE FUNCTION sluice.window_commit(
  s float8[], cost float8, at float8, now float8, home bigint
) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
  first int := 6;
BEGIN
  IF s[4] = 0 THEN
    WHILE s[first] + s[3] <= now LOOP first := first + 1; END LOOP;
    IF first > 6 THEN s := s[1:5] || s[first:]; END IF;
  END IF;
  s := CASE WHEN cost = 1 THEN s || at ELSE s || array_fill(at, ARRAY[cost::int]) END;
  RETURN CASE WHEN cardinality(s) < 133 THEN s ELSE sluice.window_flush(s, now, home) END;
END $$;

-- Moves whole pieces out of the row, and forgets those that no longer count.
CREATE OR REPLACE FUNCTION sluice.window_flush(s float8[], now float8, home bigint) RETURNS float8[]
LANGUAGE plpgsql AS $$
DECLARE
  pieces constant int := (cardinality(s) - 5) / 64 - 1;
  gone int;
BEGIN
  IF pieces < 1 THEN RETURN s; END IF;
  INSERT INTO sluice.log (budget, rule, piece, instants)
    SELECT home, s[1]::bigint, s[5]::bigint + n, s[6 + 64 * n : 69 + 64 * n]
    FROM generate_series(0, pieces - 1) n;
  -- Of the oldest only a few more than come: those that are left over go next time.
  DELETE FROM sluice.log l
    WHERE l.budget = home AND l.rule = s[1]::bigint AND l.instants[64] + s[3] <= now
      AND l.piece < s[5]::bigint - s[4]::bigint / 64 + 2 * pieces + 16;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN ARRAY[s[1], s[2], s[3], s[4] + 64 * (pieces - gone), s[5] + pieces] || s[6 + 64 * pieces:];
END $$;

CREATE OR REPLACE FUNCTION sluice.window_idle(s float8[], home bigint) RETURNS float8
LANGUAGE plpgsql STABLE AS $$
DECLARE
  kept constant int := cardinality(s);
BEGIN
  IF kept > 5 THEN RETURN greatest(s[2], s[kept] + s[3]); END IF;
  IF s[4] = 0 THEN RETURN s[2]; END IF;
  RETURN greatest(s[2], sluice.window_at(s, 1, home) + s[3]);
END $$;

CREATE OR REPLACE FUNCTION sluice.window_refund(
  s float8[], units float8, at float8, now float8, home bigint
) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
  kept int := cardinality(s) - 5;
  known constant int := kept + s[4];
  low int := 1;
  high int := known + 1;
  middle int;
  found int := 0;
  loser bigint;
  line float8[];
BEGIN
  WHILE low < high LOOP
    middle := (low + high) / 2;
    IF sluice.window_at(s, middle, home) > at THEN low := middle + 1; ELSE high := middle; END IF;
  END LOOP;
  WHILE found < units AND low + found <= known AND sluice.window_at(s, low + found, home) = at LOOP
    found := found + 1;
  END LOOP;
  IF found = 0 THEN RETURN s; END IF;
  IF low + found - 1 > kept THEN
    -- The pieces from the one that loses something on come back into the row, and leave it anew.
    loser := s[5]::bigint - 1 - (low + found - 2 - kept) / 64;
    WITH back AS (
      DELETE FROM sluice.log l
        WHERE l.budget = home AND l.rule = s[1]::bigint AND l.piece >= loser RETURNING *
    )
    SELECT array_agg(each ORDER BY back.piece, n) INTO line
      FROM back, unnest(back.instants) WITH ORDINALITY AS u(each, n);
    s := ARRAY[s[1], s[2], s[3], s[4] - cardinality(line), loser] || line || s[6:];
    kept := cardinality(s) - 5;
  END IF;
  s := s[1 : 5 + kept - low - found + 1] || s[5 + kept - low + 2 :];
  RETURN sluice.window_flush(s, now, home);
END $$;

CREATE OR REPLACE FUNCTION sluice.window_shift(s float8[], shift float8, home bigint) RETURNS float8[]
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sluice.log l SET instants = ARRAY(
      SELECT each + shift FROM unnest(l.instants) WITH ORDINALITY AS u(each, n) ORDER BY n)
    WHERE l.budget = home AND l.rule = s[1]::bigint;
  FOR n IN 6..cardinality(s) LOOP s[n] := s[n] + shift; END LOOP;
  IF s[2] > 0 THEN s[2] := greatest(0, s[2] + shift); END IF;
  RETURN s;
END $$;

-- Of one rate: how many units fall into its window.
CREATE OR REPLACE FUNCTION sluice.window_used(s float8[], count float8, span float8, now float8, home bigint)
RETURNS float8 LANGUAGE plpgsql STABLE AS $$
DECLARE
  low int := 0;
  high int := least(cardinality(s) - 5 + s[4], count);
  middle int;
BEGIN
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    IF sluice.window_at(s, middle, home) + span > now THEN low := middle; ELSE high := middle - 1; END IF;
  END LOOP;
  RETURN low;
END $$;
