-- Rows, and what is asked of them. `p` are the plan's numbers: how many rules, whether any is of the
-- whole limiter, a number that other plans do not have, and for each rule its kind, its number, whether all keys share it, how many numbers follow,
-- and these.

-- What is too long for an index is told by its hash.
CREATE OR REPLACE FUNCTION sluice.short(name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF octet_length(name) <= 500 THEN RETURN name; END IF;
  RETURN left(name, 50) || '%#' || encode(sha256(convert_to(name, 'UTF8')), 'hex');
END $$;

CREATE OR REPLACE FUNCTION sluice.clock() RETURNS float8
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN round(date_part('epoch', clock_timestamp()) * 1000000);
END $$;

-- The clock was set back by more than a second: what is there goes back with it.
CREATE OR REPLACE FUNCTION sluice.moved(b sluice.budgets, clock float8) RETURNS sluice.budgets
LANGUAGE plpgsql AS $$
DECLARE
  shift constant float8 := clock - b.seen;
BEGIN
  FOR n IN 1..cardinality(b.states) LOOP
    b.states[n] := sluice.kind_shift(b.states[n], shift, b.id);
  END LOOP;
  b.seen := clock;
  b.gate := greatest(0, b.gate + shift);
  UPDATE sluice.budgets o SET seen = b.seen, gate = b.gate, states = b.states
    WHERE o.limiter = b.limiter AND o.key = b.key;
  RETURN b;
END $$;

-- Another kind of limit under the same cost is another caller's mistake. Numbers of states have the
-- kind (times 2^36), which of several (times 2^32), and 32 bits of the cost's name.
CREATE OR REPLACE FUNCTION sluice.check_kinds(p float8[], states sluice.cells[], is_common boolean)
RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  known constant bigint[] := ARRAY(SELECT each[1]::bigint FROM unnest(states) each);
  asked bigint[] := '{}';
  i int := 4;
BEGIN
  FOR j IN 1..p[1] LOOP
    IF (p[i + 2] = 1) = is_common THEN asked := asked || p[i + 1]::bigint; END IF;
    i := i + 4 + p[i + 3]::int;
  END LOOP;
  IF EXISTS (
    SELECT FROM unnest(known) k
      WHERE EXISTS (SELECT FROM unnest(asked) a WHERE a % 4294967296 = k % 4294967296 AND a <> ALL (known))
        AND NOT EXISTS (SELECT FROM unnest(asked) a
          WHERE a % 4294967296 = k % 4294967296 AND a / 68719476736 = k / 68719476736)
  ) THEN
    RAISE EXCEPTION 'SLUICE_CONFLICT';
  END IF;
END $$;

-- The state of each rule; `cold` is from when all counts as used where there is none, or 0.
CREATE OR REPLACE FUNCTION sluice.states_of(
  p float8[], own sluice.cells[], common sluice.cells[], cold float8, now float8
) RETURNS sluice.cells[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  work sluice.cells[] := '{}';
  s float8[];
  i int := 4;
  kind int;
  of_own int := 0;
  of_common int := 0;
  has_new_own boolean := false;
  has_new_common boolean := false;
BEGIN
  FOR j IN 1..p[1] LOOP
    kind := p[i];
    IF p[i + 2] = 0 THEN
      of_own := of_own + 1;
      s := own[of_own];
    ELSE
      of_common := of_common + 1;
      s := common[of_common];
    END IF;
    -- Where the row has other limits too, or in another order.
    IF s[1] IS DISTINCT FROM p[i + 1] THEN
      s := (SELECT each FROM unnest(CASE WHEN p[i + 2] = 0 THEN own ELSE common END) each
        WHERE each[1] = p[i + 1]);
    END IF;
    IF s IS NOT NULL THEN
      s := CASE WHEN kind = 3 OR kind = 4 THEN s ELSE sluice.kind_read(kind, p, i + 3, s, now) END;
    ELSE
      s := CASE WHEN cold > 0 THEN sluice.kind_cold(kind, p, i + 3, p[i + 1], cold)
        ELSE sluice.kind_empty(kind, p, i + 3, p[i + 1]) END;
      IF p[i + 2] = 0 THEN has_new_own := true; ELSE has_new_common := true; END IF;
    END IF;
    work[j] := s;
    i := i + 4 + p[i + 3]::int;
  END LOOP;
  IF cardinality(own) > 0 AND (has_new_own OR cardinality(own) <> of_own) THEN
    PERFORM sluice.check_kinds(p, own, false);
  END IF;
  IF cardinality(common) > 0 AND (has_new_common OR cardinality(common) <> of_common) THEN
    PERFORM sluice.check_kinds(p, common, true);
  END IF;
  RETURN work;
END $$;

-- A row with the states of its rules written into it, and until when it must be kept.
CREATE OR REPLACE FUNCTION sluice.filled(
  b sluice.budgets, p float8[], work sluice.cells[], is_common boolean, now float8
) RETURNS sluice.budgets LANGUAGE plpgsql STABLE AS $$
DECLARE
  states sluice.cells[] := '{}';
  asked float8[] := '{}';
  count int := 0;
  i int := 4;
  -- A moment longer than the last ticket, so that tickets rise.
  keep float8 := greatest(b.gate, b.ticket + 1, now + 1);
BEGIN
  b.seen := now;
  IF b.shape = p[3] AND p[2] = 0 THEN
    FOR j IN 1..p[1] LOOP
      keep := greatest(keep, sluice.kind_idle(p[i]::int, p, i + 3, work[j], b.id));
      i := i + 4 + p[i + 3]::int;
    END LOOP;
    b.states := work;
    b.keep := keep;
    RETURN b;
  END IF;
  FOR j IN 1..p[1] LOOP
    IF (p[i + 2] = 1) = is_common AND p[i] <> 5 THEN
      count := count + 1;
      states[count] := work[j];
      asked[count] := p[i + 1];
      keep := greatest(keep, sluice.kind_idle(p[i]::int, p, i + 3, work[j], b.id));
    END IF;
    i := i + 4 + p[i + 3]::int;
  END LOOP;
  FOR n IN 1..coalesce(cardinality(b.states), 0) LOOP
    IF (b.states[n])[1] <> ALL (asked) THEN
      count := count + 1;
      states[count] := b.states[n];
      keep := greatest(keep, b.keep);
    END IF;
  END LOOP;
  b.states := states;
  b.keep := keep;
  -- Blocked ones have no state, and others have states that are not this plan's.
  b.shape := CASE WHEN p[2] = 0 AND cardinality(states) = p[1] AND cardinality(asked) = p[1]
    THEN p[3] ELSE 0 END;
  RETURN b;
END $$;

-- A row for what is not there yet.
CREATE OR REPLACE FUNCTION sluice.blank(lim text, k text) RETURNS sluice.budgets
LANGUAGE sql AS $$
  SELECT nextval('sluice.budget_ids'), sluice.short(lim), sluice.short(k),
    CASE WHEN octet_length(k) > 500 THEN k END, 0, 0, 0, 0, 0, 0, '{}'::sluice.cells[]
$$;

CREATE OR REPLACE FUNCTION sluice.later(a float8, b float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF a = 'Infinity' OR b = 'Infinity' THEN RETURN 'Infinity'; END IF;
  IF a >= 0 AND b >= 0 THEN RETURN greatest(a, b); END IF;
  RETURN -1 - greatest(CASE WHEN a < 0 THEN -1 - a ELSE a END, CASE WHEN b < 0 THEN -1 - b ELSE b END);
END $$;

-- For the costs after a[c]: the maximum over the limits and gates, the same by the key's own, and the
-- rule that binds.
CREATE OR REPLACE FUNCTION sluice.decide(
  p float8[], work sluice.cells[], a float8[], c int, own_gate float8, gate float8,
  now float8, since float8, own_home bigint, common_home bigint
) RETURNS float8[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  alone float8 := CASE WHEN own_gate > now THEN own_gate ELSE now END;
  until float8 := CASE WHEN gate > alone THEN gate ELSE alone END;
  binding int := -1;
  joint float8;
  free float8;
  i int := 4;
BEGIN
  FOR j IN 1..p[1] LOOP
    IF a[c + j] <> 0 THEN
      free := sluice.kind_earliest(p[i]::int, p, i + 3, work[j], a[c + j], now, since,
        CASE WHEN p[i + 2] = 0 THEN own_home ELSE common_home END);
      IF free < 0 OR free > now THEN
        joint := sluice.later(until, free);
        IF joint <> until THEN binding := j - 1; END IF;
        until := joint;
        IF p[i + 2] = 0 THEN alone := sluice.later(alone, free); END IF;
      END IF;
    END IF;
    i := i + 4 + p[i + 3]::int;
  END LOOP;
  RETURN ARRAY[until, alone, binding];
END $$;

-- Numbers as text. NEVER is told as 2^52, for replies hold whole numbers.
CREATE OR REPLACE FUNCTION sluice.told(numbers float8[]) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT array_to_string(array_replace(numbers, 'Infinity', 4503599627370496)::bigint[], ' ')
$$;
