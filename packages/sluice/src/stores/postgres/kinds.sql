-- The algorithm of each kind of limit behind one set of verbs, by its code: 0 pace, 1 window, 2 parts,
-- 3 quota, 4 concurrency, 5 blocked. `p` are the plan's numbers, of which those of the rule come after
-- `i`; `s` is its state, `home` the budget it belongs to.

CREATE OR REPLACE FUNCTION sluice.kind_empty(kind int, p float8[], i int, id float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE kind
    WHEN 0 THEN sluice.pace_empty(p, i, id)
    WHEN 1 THEN sluice.window_empty(p, i, id)
    WHEN 2 THEN sluice.parts_empty(p, i, id)
    WHEN 3 THEN sluice.quota_empty(p, i, id)
    ELSE ARRAY[id]
  END;
END $$;

-- As if all had been used at `at`.
CREATE OR REPLACE FUNCTION sluice.kind_cold(kind int, p float8[], i int, id float8, at float8)
RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE kind
    WHEN 0 THEN sluice.pace_cold(p, i, id, at)
    WHEN 1 THEN sluice.window_cold(p, i, id, at)
    WHEN 2 THEN sluice.parts_cold(p, i, id, at)
    WHEN 3 THEN sluice.quota_cold(p, i, id, at)
    ELSE ARRAY[id]
  END;
END $$;

-- A state as the rule's own numbers see it.
CREATE OR REPLACE FUNCTION sluice.kind_read(kind int, p float8[], i int, s float8[], now float8)
RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF kind = 0 THEN RETURN sluice.pace_read(p, i, s, now); END IF;
  IF kind = 2 THEN RETURN sluice.parts_read(p, i, s, now); END IF;
  IF kind = 3 THEN RETURN sluice.quota_read(p, i, s); END IF;
  IF kind = 1 AND p[i + 2] > s[3] THEN s[3] := p[i + 2]; END IF;
  RETURN s;
END $$;

-- A new state from one of the same kind and cost under other numbers.
CREATE OR REPLACE FUNCTION sluice.kind_taken_over(
  kind int, p float8[], i int, id float8, s float8[], now float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF kind = 3 THEN RETURN sluice.quota_taken_over(p, i, id, s, now); END IF;
  s[1] := id;
  RETURN sluice.kind_read(kind, p, i, s, now);
END $$;

-- What was admitted by other numbers is booked to a state by its own: `many` times a cost.
CREATE OR REPLACE FUNCTION sluice.kind_book(
  s float8[], cost float8, many float8, at float8, now float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  kind constant int := floor(s[1] / 1125899906842624);
BEGIN
  IF kind = 0 THEN RETURN sluice.pace_commit(s[6:7] || ARRAY[0, 0], 0, s, cost * many, at, at, at); END IF;
  IF kind = 3 THEN RETURN sluice.quota_book(s, cost * many, at); END IF;
  RETURN sluice.parts_commit(ARRAY[0, s[2], s[3], s[4]], 0, s, ceil(cost / s[4]) * s[4] * many, at, now);
END $$;

-- The same for what is given back of a cost that was admitted at `at`.
CREATE OR REPLACE FUNCTION sluice.kind_unbook(
  s float8[], units float8, cost float8, at float8, now float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  kind constant int := floor(s[1] / 1125899906842624);
BEGIN
  IF kind = 0 THEN RETURN sluice.pace_refund(s[6:7], 0, s, units, cost, at); END IF;
  IF kind = 3 THEN RETURN sluice.quota_book(s, -units, at); END IF;
  RETURN sluice.parts_refund(ARRAY[s[4] * 1099511627776, s[2], s[3], s[4]], 0, s, units, cost, at, now);
END $$;

-- How long counts what numbers other than a pace's admit.
CREATE OR REPLACE FUNCTION sluice.kind_span(s float8[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  CASE floor(s[1] / 1125899906842624)
    WHEN 2 THEN RETURN (s[2] + 1) * s[3];
    WHEN 3 THEN RETURN CASE WHEN s[7] > 0 THEN s[7] WHEN s[6] > 0 THEN s[6] - s[2] ELSE 2764800000000 END;
    ELSE RETURN 0;
  END CASE;
END $$;

-- From when a state is idle, by itself: slots know their cooldown from elsewhere.
CREATE OR REPLACE FUNCTION sluice.kind_over(s float8[], home bigint) RETURNS float8
LANGUAGE plpgsql STABLE AS $$
BEGIN
  CASE floor(s[1] / 1125899906842624)
    WHEN 0 THEN RETURN sluice.pace_idle(s);
    WHEN 1 THEN RETURN sluice.window_idle(s, home);
    WHEN 2 THEN RETURN sluice.parts_idle(s);
    WHEN 3 THEN RETURN sluice.quota_over(s);
    ELSE RETURN 'Infinity';
  END CASE;
END $$;

CREATE OR REPLACE FUNCTION sluice.kind_earliest(
  kind int, p float8[], i int, s float8[], cost float8, now float8, since float8, home bigint
) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF kind = 0 THEN RETURN sluice.pace_earliest(p, i, s, cost, now, since); END IF;
  IF kind = 1 THEN RETURN sluice.window_earliest(p, i, s, cost, now, home); END IF;
  IF kind = 2 THEN RETURN sluice.parts_earliest(p, i, s, cost, now); END IF;
  IF kind = 3 THEN RETURN sluice.quota_earliest(p, i, s, cost, now); END IF;
  IF kind = 4 THEN RETURN sluice.slots_earliest(p, i, s, cost, now); END IF;
  RETURN -1 - now;
END $$;

CREATE OR REPLACE FUNCTION sluice.kind_commit(
  kind int, p float8[], i int, s float8[], cost float8, at float8, now float8, since float8,
  ticket float8, home bigint
) RETURNS float8[] LANGUAGE plpgsql AS $$
BEGIN
  IF kind = 0 THEN RETURN sluice.pace_commit(p, i, s, cost, at, now, since); END IF;
  IF kind = 1 THEN RETURN sluice.window_commit(s, cost, at, now, home); END IF;
  IF kind = 2 THEN RETURN sluice.parts_commit(p, i, s, cost, at, now); END IF;
  IF kind = 3 THEN RETURN sluice.quota_commit(p, i, s, cost, at); END IF;
  RETURN sluice.slots_commit(p, i, s, cost, at, now, ticket);
END $$;

CREATE OR REPLACE FUNCTION sluice.kind_idle(kind int, p float8[], i int, s float8[], home bigint)
RETURNS float8 LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF kind = 0 THEN RETURN sluice.pace_idle(s); END IF;
  IF kind = 1 THEN RETURN sluice.window_idle(s, home); END IF;
  IF kind = 2 THEN RETURN sluice.parts_idle(s); END IF;
  IF kind = 3 THEN RETURN sluice.quota_idle(p, i, s); END IF;
  RETURN sluice.slots_idle(p, i, s);
END $$;

CREATE OR REPLACE FUNCTION sluice.kind_refund(
  kind int, p float8[], i int, s float8[], units float8, cost float8, at float8, now float8,
  ticket float8, home bigint
) RETURNS float8[] LANGUAGE plpgsql AS $$
BEGIN
  IF kind = 0 THEN RETURN sluice.pace_refund(p, i, s, units, cost, at); END IF;
  IF kind = 1 THEN RETURN sluice.window_refund(s, units, at, now, home); END IF;
  IF kind = 2 THEN RETURN sluice.parts_refund(p, i, s, units, cost, at, now); END IF;
  IF kind = 3 THEN RETURN sluice.quota_refund(p, i, s, units, at, now); END IF;
  RETURN sluice.slots_release(p, i, s, ticket, now, cost, cost - units);
END $$;

-- The most that is charged at once.
CREATE OR REPLACE FUNCTION sluice.kind_piece(kind int, p float8[], i int, units float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  piece float8 := p[i + 1];
BEGIN
  IF kind = 0 THEN RETURN units; END IF;
  IF kind = 1 THEN
    FOR n IN 1..p[i + 3] LOOP piece := least(piece, p[i + 2 + 2 * n::int]); END LOOP;
  END IF;
  RETURN piece;
END $$;

-- A state moves with a clock that was set back. Its kind is the first part of its number.
CREATE OR REPLACE FUNCTION sluice.kind_shift(s float8[], shift float8, home bigint) RETURNS float8[]
LANGUAGE plpgsql AS $$
BEGIN
  CASE floor(s[1] / 1125899906842624)
    WHEN 0 THEN RETURN sluice.pace_shift(s, shift);
    WHEN 1 THEN RETURN sluice.window_shift(s, shift, home);
    WHEN 2 THEN RETURN sluice.parts_shift(s, shift);
    WHEN 3 THEN RETURN sluice.quota_shift(s, shift);
    ELSE RETURN sluice.slots_shift(s, shift);
  END CASE;
END $$;

-- Of one rate of a rule: how much is used, when all of it is free, the earliest instant for a cost, and
-- where the period that counts ends. `rate` is 0 for what has no rates.
CREATE OR REPLACE FUNCTION sluice.kind_view(
  kind int, p float8[], i int, rate int, s float8[], cost float8, now float8, home bigint
) RETURNS float8[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  count float8;
  span float8;
  used float8;
  idle float8;
BEGIN
  IF kind = 1 THEN
    count := p[i + 2 + 2 * rate];
    span := p[i + 3 + 2 * rate];
    idle := s[2];
    IF cardinality(s) - 5 + s[4] > 0 THEN
      idle := greatest(idle, sluice.window_at(s, 1, home) + span);
    END IF;
    RETURN ARRAY[sluice.window_used(s, count, span, now, home), greatest(now, idle),
      sluice.window_earliest(ARRAY[count, span, 1, count, span], 0, s, cost, now, home), 0];
  END IF;
  used := CASE kind
    WHEN 0 THEN sluice.pace_used(p, i, s, now)
    WHEN 2 THEN sluice.parts_used(s, now)
    WHEN 3 THEN (sluice.quota_current(p, i, s, now))[1]
    ELSE sluice.slots_used(p, i, s, now)
  END;
  RETURN ARRAY[used, greatest(now, sluice.kind_idle(kind, p, i, s, home)),
    sluice.kind_earliest(kind, p, i, s, cost, now, now, home),
    CASE kind WHEN 3 THEN (sluice.quota_current(p, i, s, now))[2] ELSE 0 END];
END $$;
