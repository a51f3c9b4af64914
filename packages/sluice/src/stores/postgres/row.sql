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
  s float8[];
BEGIN
  FOR n IN 1..cardinality(b.states) LOOP
    b.states[n] := sluice.kind_shift(b.states[n], shift, b.id);
  END LOOP;
  FOR n IN 1..cardinality(b.others) LOOP
    s := b.others[n];
    b.others[n] := s[1] + shift || sluice.kind_shift(s[2:], shift, b.id);
  END LOOP;
  b.seen := clock;
  b.gate := greatest(0, b.gate + shift);
  UPDATE sluice.budgets o SET seen = b.seen, gate = b.gate, states = b.states,
      others = b.others
    WHERE o.limiter = b.limiter AND o.key = b.key;
  RETURN b;
END $$;

-- Another kind of limit under the same cost is another caller's mistake. Numbers of states have the
-- kind (times 2^50), which of several (2^46), 22 bits of the numbers by which it is read (2^24), and 24
-- bits of the cost's name.
CREATE OR REPLACE FUNCTION sluice.check_kinds(p float8[], known bigint[], is_common boolean)
RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  asked bigint[] := '{}';
  i int := 4;
BEGIN
  FOR j IN 1..p[1] LOOP
    IF (p[i + 2] = 1) = is_common THEN asked := asked || p[i + 1]::bigint; END IF;
    i := i + 4 + p[i + 3]::int;
  END LOOP;
  IF EXISTS (
    SELECT FROM unnest(known) k
      WHERE EXISTS (SELECT FROM unnest(asked) a WHERE a % 16777216 = k % 16777216 AND a <> ALL (known))
        AND NOT EXISTS (SELECT FROM unnest(asked) a
          WHERE a % 16777216 = k % 16777216 AND a / 1125899906842624 = k / 1125899906842624)
  ) THEN
    RAISE EXCEPTION 'SLUICE_CONFLICT';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION sluice.numbers_of(b sluice.budgets) RETURNS bigint[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT each[1]::bigint FROM unnest(b.states) each)
    || ARRAY(SELECT each[2]::bigint FROM unnest(b.others) each)
$$;

-- Whether two states are of the same kind and cost, by whatever numbers.
CREATE OR REPLACE FUNCTION sluice.is_kin(a float8, b float8) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT a::bigint % 16777216 = b::bigint % 16777216 AND floor(a / 1125899906842624) = floor(b / 1125899906842624)
$$;

-- The state of a rule in a row, or one that is made; `cold` is from when all counts as used where there
-- is none, or 0.
CREATE OR REPLACE FUNCTION sluice.state_of(
  kind int, p float8[], i int, id float8, b sluice.budgets, cold float8, now float8
) RETURNS float8[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  s float8[] := (SELECT each FROM unnest(b.states) each WHERE each[1] = id);
BEGIN
  IF s IS NULL THEN
    s := (SELECT (each::float8[])[2:] FROM unnest(b.others) each WHERE each[2] = id);
  END IF;
  IF s IS NOT NULL THEN RETURN sluice.kind_read(kind, p, i, s, now); END IF;
  -- Of several the one that stays the longest knows the most.
  s := (
    SELECT each FROM (
      SELECT each::float8[] AS each FROM unnest(b.states) each
        UNION ALL SELECT (each::float8[])[2:] FROM unnest(b.others) each) known
      WHERE sluice.is_kin(each[1], id) AND kind < 4
      ORDER BY sluice.kind_over(each, b.id) DESC LIMIT 1);
  IF s IS NOT NULL THEN RETURN sluice.kind_taken_over(kind, p, i, id, s, now); END IF;
  IF cold > 0 THEN RETURN sluice.kind_cold(kind, p, i, id, cold); END IF;
  RETURN sluice.kind_empty(kind, p, i, id);
END $$;

-- The state of each rule.
CREATE OR REPLACE FUNCTION sluice.states_of(
  p float8[], own sluice.budgets, common sluice.budgets, cold float8, now float8
) RETURNS sluice.cells[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  work sluice.cells[] := '{}';
  known constant bigint[] := sluice.numbers_of(own);
  known_common constant bigint[] := sluice.numbers_of(common);
  s float8[];
  i int := 4;
  of_own int := 0;
  of_common int := 0;
  has_new_own boolean := false;
  has_new_common boolean := false;
BEGIN
  FOR j IN 1..p[1] LOOP
    IF p[i + 2] = 0 THEN
      of_own := of_own + 1;
      IF (own.states[of_own])[1] = p[i + 1] THEN
        s := sluice.kind_read(p[i]::int, p, i + 3, own.states[of_own], now);
      ELSE
        s := sluice.state_of(p[i]::int, p, i + 3, p[i + 1], own, cold, now);
        has_new_own := true;
      END IF;
    ELSE
      of_common := of_common + 1;
      IF (common.states[of_common])[1] = p[i + 1] THEN
        s := sluice.kind_read(p[i]::int, p, i + 3, common.states[of_common], now);
      ELSE
        s := sluice.state_of(p[i]::int, p, i + 3, p[i + 1], common, cold, now);
        has_new_common := true;
      END IF;
    END IF;
    work[j] := s;
    i := i + 4 + p[i + 3]::int;
  END LOOP;
  IF has_new_own OR cardinality(known) <> of_own THEN PERFORM sluice.check_kinds(p, known, false); END IF;
  IF has_new_common OR cardinality(known_common) <> of_common THEN
    PERFORM sluice.check_kinds(p, known_common, true);
  END IF;
  RETURN work;
END $$;

-- A row with those states set aside that are not of this plan.
CREATE OR REPLACE FUNCTION sluice.set_aside(b sluice.budgets, p float8[], is_common boolean)
RETURNS sluice.budgets LANGUAGE plpgsql STABLE AS $$
DECLARE
  asked float8[] := '{}';
  i int := 4;
BEGIN
  IF b.id IS NULL OR b.shape = p[3] THEN RETURN b; END IF;
  FOR j IN 1..p[1] LOOP
    IF (p[i + 2] = 1) = is_common THEN asked := asked || p[i + 1]; END IF;
    i := i + 4 + p[i + 3]::int;
  END LOOP;
  b.others := ARRAY(
    SELECT (b.seen || each::float8[])::sluice.cells FROM unnest(b.states) each WHERE each[1] <> ALL (asked)
  ) || ARRAY(SELECT each FROM unnest(b.others) each WHERE each[2] <> ALL (asked));
  RETURN b;
END $$;

-- What a plan admitted counts by the numbers of others too, once for a cost.
CREATE OR REPLACE FUNCTION sluice.booked(
  others sluice.cells[], p float8[], is_common boolean, a float8[], c int, many int,
  at float8, now float8
) RETURNS sluice.cells[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  s float8[];
  i int;
BEGIN
  FOR n IN 1..cardinality(others) LOOP
    s := others[n];
    i := 4;
    FOR j IN 1..p[1] LOOP
      IF p[i] IN (0, 2, 3) AND (p[i + 2] = 1) = is_common AND sluice.is_kin(s[2], p[i + 1]) THEN
        IF a[c + j] > 0 THEN
          others[n] := s[1] || sluice.kind_book(s[2:], a[c + j], many, at, now);
        END IF;
        EXIT;
      END IF;
      i := i + 4 + p[i + 3]::int;
    END LOOP;
  END LOOP;
  RETURN others;
END $$;

-- Of the states of others those that are worth to be kept. By other numbers than these they are kept for
-- as long as they count, or an hour, since their own were asked by last, for what is admitted meanwhile
-- must be known; else until they are idle.
CREATE OR REPLACE FUNCTION sluice.worth(
  others sluice.cells[], work sluice.cells[], home bigint, now float8
) RETURNS sluice.cells[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(
    SELECT each FROM unnest(others) WITH ORDINALITY u(each, n)
      WHERE CASE WHEN EXISTS (SELECT FROM unnest(work) w WHERE sluice.is_kin(w[1], each[2]))
        THEN each[1] > now - greatest(3600000000, sluice.kind_span((each::float8[])[2:])) ELSE sluice.kind_over((each::float8[])[2:], home) > now END
      ORDER BY n LIMIT 8)
$$;

-- A row with the states of its rules written into it, and until when it must be kept.
CREATE OR REPLACE FUNCTION sluice.filled(
  b sluice.budgets, p float8[], work sluice.cells[], is_common boolean, now float8
) RETURNS sluice.budgets LANGUAGE plpgsql STABLE AS $$
DECLARE
  states sluice.cells[] := '{}';
  over float8;
  i int := 4;
  -- A moment longer than the last ticket, so that tickets rise.
  keep float8 := greatest(b.gate, b.ticket + 1, now + 1);
BEGIN
  b.seen := now;
  FOR j IN 1..p[1] LOOP
    IF (p[i + 2] = 1) = is_common AND p[i] <> 5 THEN
      states[cardinality(states) + 1] := work[j];
      keep := greatest(keep, sluice.kind_idle(p[i]::int, p, i + 3, work[j], b.id));
    END IF;
    i := i + 4 + p[i + 3]::int;
  END LOOP;
  b.states := states;
  IF b.others <> '{}' THEN
    b.others := sluice.worth(b.others, work, b.id, now);
    FOR n IN 1..cardinality(b.others) LOOP
      over := sluice.kind_over((b.others[n]::float8[])[2:], b.id);
      keep := greatest(keep, CASE WHEN over < 'Infinity' THEN over ELSE b.keep END);
    END LOOP;
  END IF;
  b.keep := keep;
  -- Blocked ones have no state.
  b.shape := CASE WHEN p[2] = 0 AND cardinality(states) = p[1] THEN p[3] ELSE 0 END;
  RETURN b;
END $$;

-- A row for what is not there yet.
CREATE OR REPLACE FUNCTION sluice.blank(lim text, k text) RETURNS sluice.budgets
LANGUAGE sql AS $$
  SELECT nextval('sluice.budget_ids'), sluice.short(lim), sluice.short(k),
    CASE WHEN octet_length(k) > 500 THEN k END, 0, 0, 0, 0, 0, 0, '{}'::sluice.cells[], '{}'::sluice.cells[]
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
