-- Slots: see concurrency.ts. Only those that are not free are kept, in the order of their taking.
-- State: number, then pairs of a value (the instant from which it is free, or minus the end of its
-- lease while held) and its holder's ticket. Numbers of a rule: slots, cooldown, lease.

CREATE OR REPLACE FUNCTION sluice.slot_free(value float8, cooldown float8) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN value < 0 THEN cooldown - value ELSE value END
$$;

-- Without at most `enough` of those that are free at `at`.
CREATE OR REPLACE FUNCTION sluice.slots_tidy(p float8[], i int, s float8[], at float8, enough int)
RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  kept float8[] := s[1:1];
  n int := 2;
BEGIN
  WHILE n < cardinality(s) LOOP
    IF enough > 0 AND sluice.slot_free(s[n], p[i + 2]) <= at THEN
      enough := enough - 1;
    ELSE
      kept := kept || s[n : n + 1];
    END IF;
    n := n + 2;
  END LOOP;
  RETURN kept;
END $$;

CREATE OR REPLACE FUNCTION sluice.slots_earliest(p float8[], i int, s float8[], cost float8, now float8)
RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  missing int := cost - p[i + 1];
  cooling float8[] := '{}';
  free float8;
  n int := 2;
BEGIN
  IF cost > p[i + 1] THEN RETURN 'Infinity'; END IF;
  WHILE n < cardinality(s) LOOP
    free := CASE WHEN s[n] < 0 THEN p[i + 2] - s[n] ELSE s[n] END;
    IF free > now THEN
      missing := missing + 1;
      IF s[n] > 0 OR -s[n] <= now THEN cooling := cooling || free; END IF;
    END IF;
    n := n + 2;
  END LOOP;
  IF missing <= 0 THEN RETURN now; END IF;
  cooling := ARRAY(SELECT each FROM unnest(cooling) each ORDER BY each);
  IF missing <= cardinality(cooling) THEN RETURN cooling[missing]; END IF;
  RETURN -1 - greatest(now, cooling[cardinality(cooling)]);
END $$;

CREATE OR REPLACE FUNCTION sluice.slots_commit(
  p float8[], i int, s float8[], cost float8, at float8, now float8, ticket float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  s := sluice.slots_tidy(p, i, s, now, cardinality(s));
  s := sluice.slots_tidy(p, i, s, at, (cardinality(s) / 2 + cost - p[i + 1])::int);
  FOR n IN 1..cost LOOP s := s || ARRAY[-(at + p[i + 3]), ticket]; END LOOP;
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION sluice.slots_idle(p float8[], i int, s float8[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  idle float8 := 0;
  n int := 2;
BEGIN
  WHILE n < cardinality(s) LOOP
    idle := greatest(idle, sluice.slot_free(s[n], p[i + 2]));
    n := n + 2;
  END LOOP;
  RETURN idle;
END $$;

-- Frees what a ticket holds, unless its lease has ended; `keep` slots stay held. `cost` is how many it
-- took, Infinity if that is not known.
CREATE OR REPLACE FUNCTION sluice.slots_release(
  p float8[], i int, s float8[], ticket float8, now float8, cost float8, keep float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  freed int := 0;
  kept int := 0;
  n int := 2;
BEGIN
  WHILE n < cardinality(s) LOOP
    IF s[n + 1] = ticket AND -s[n] > now THEN
      IF kept < keep THEN
        kept := kept + 1;
      ELSE
        s[n] := now + p[i + 2];
        freed := freed + 1;
        EXIT WHEN freed + keep = cost;
      END IF;
    END IF;
    n := n + 2;
  END LOOP;
  RETURN s;
END $$;

-- Extends the lease of a ticket; NULL when it was lost.
CREATE OR REPLACE FUNCTION sluice.slots_renew(p float8[], i int, s float8[], ticket float8, now float8)
RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  is_held boolean := false;
  n int := 2;
BEGIN
  WHILE n < cardinality(s) LOOP
    IF s[n + 1] = ticket AND -s[n] > now THEN
      s[n] := -(now + p[i + 3]);
      is_held := true;
    END IF;
    n := n + 2;
  END LOOP;
  RETURN CASE WHEN is_held THEN s END;
END $$;

CREATE OR REPLACE FUNCTION sluice.slots_shift(s float8[], shift float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  n int := 2;
BEGIN
  WHILE n < cardinality(s) LOOP
    s[n] := CASE WHEN s[n] < 0 THEN least(-1, s[n] - shift) ELSE greatest(0, s[n] + shift) END;
    n := n + 2;
  END LOOP;
  RETURN s;
END $$;

CREATE OR REPLACE FUNCTION sluice.slots_used(p float8[], i int, s float8[], now float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  taken int := 0;
  n int := 2;
BEGIN
  WHILE n < cardinality(s) LOOP
    IF sluice.slot_free(s[n], p[i + 2]) > now THEN taken := taken + 1; END IF;
    n := n + 2;
  END LOOP;
  RETURN taken;
END $$;
