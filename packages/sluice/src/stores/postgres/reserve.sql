-- Decides for several costs in order, and writes what it admits.
-- `a`: from when a cold key counts as used (0: never); whether it is known to be refused; whether to read
-- the limiter's gate; that gate as the caller knows it; how far ahead; not before; since when the caller
-- waits (-1 for now); whether commits are to wait for the disk; how many costs; whether all are the same
-- and add up; and for each a number for every rule.
-- Reply: now, the first ticket, the gate of the limiter, the instants. If not all were admitted the
-- ticket is negative, and at the end stands until when the first of the others is refused, the same by
-- the key alone, and the rule that binds.

CREATE OR REPLACE FUNCTION sluice.reserve_any(lim text, k text, p float8[], a float8[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  is_shared constant boolean := p[2] = 1;
  short_lim constant text := CASE WHEN octet_length(lim) > 500 THEN sluice.short(lim) ELSE lim END;
  short_key constant text := CASE WHEN octet_length(k) > 500 THEN sluice.short(k) ELSE k END;
  own sluice.budgets;
  common sluice.budgets;
  is_cold boolean;
  has_blank boolean := false;
  clock float8;
  now float8;
  since float8;
  gate float8 := a[4];
  work sluice.cells[];
  soonest float8 := a[6];
  reply float8[];
  ticket float8;
  decided float8[];
  admitted int := 0;
  c int := 10;
  i int;
  -- So many at a time, as long as all of them pass at one instant.
  many int;
  sum float8[];
  done text;
BEGIN
  IF a[2] = 1 THEN
    clock := sluice.clock();
    reply := sluice.refusal(short_lim, short_key, p, a, clock);
    IF reply IS NOT NULL THEN RETURN sluice.told(reply); END IF;
  END IF;
  LOOP
    SELECT * INTO own FROM sluice.budgets b
      WHERE b.limiter = short_lim AND b.key = short_key FOR UPDATE;
    is_cold := NOT FOUND;
    IF is_shared THEN
      IF is_cold THEN
        -- No lock: the key's row is made before that of all keys is locked, as everywhere.
        SELECT * INTO common FROM sluice.budgets b WHERE b.limiter = short_lim AND b.key = '%';
      ELSE
        SELECT * INTO common FROM sluice.budgets b
          WHERE b.limiter = short_lim AND b.key = '%' FOR UPDATE;
        is_cold := NOT FOUND;
      END IF;
      gate := coalesce(common.gate, 0);
    ELSIF a[3] = 1 THEN
      gate := coalesce((SELECT b.gate FROM sluice.budgets b
        WHERE b.limiter = short_lim AND b.key = '%'), 0);
    END IF;
    -- Once, and after the locks: who waited for them is not judged by a time that is over.
    clock := round(date_part('epoch', clock_timestamp()) * 1000000);
    IF greatest(own.seen, common.seen) - clock > 1000000 THEN
      IF own.seen - clock > 1000000 THEN own := sluice.moved(own, clock); END IF;
      IF common.seen - clock > 1000000 AND NOT is_cold THEN
        common := sluice.moved(common, clock);
      END IF;
    END IF;
    now := greatest(clock, own.seen, common.seen);
    since := CASE WHEN a[7] < 0 OR a[7] > now THEN now ELSE a[7] END;
    IF own.shape = p[3] AND NOT is_shared THEN
      work := own.states;
    ELSE
      work := sluice.states_of(p, own, common, a[1], now);
      own := sluice.set_aside(own, p, false);
      IF is_shared THEN common := sluice.set_aside(common, p, true); END IF;
    END IF;
    ticket := greatest(now, own.ticket + 1, common.ticket + 1);
    reply := ARRAY[now, ticket, gate];

    many := CASE WHEN a[10] = 1 THEN a[9] ELSE 1 END;
    WHILE admitted < a[9] LOOP
      decided := sluice.decide(
        p, work, a, c, own.gate, gate, now, since, own.id, common.id);
      IF decided[1] >= 0 AND decided[1] < soonest THEN decided[1] := soonest; END IF;
      soonest := decided[1];
      IF soonest < 0 OR soonest > now + a[5] OR soonest = 'Infinity' THEN
        reply[2] := -reply[2];
        reply := reply || decided;
        EXIT;
      END IF;
      -- What is not there is made first, when two rows are to be written in one step.
      EXIT WHEN is_cold AND is_shared;
      IF own.id IS NULL THEN own := sluice.blank(lim, k); END IF;
      many := least(many, a[9] - admitted);
      WHILE many > 1 LOOP
        sum := ARRAY(SELECT each * many FROM unnest(a[c + 1 : c + p[1]::int]) WITH ORDINALITY u(each, n)
          ORDER BY n);
        decided := sluice.decide(p, work, sum, 0, own.gate, gate, now, since, own.id, common.id);
        EXIT WHEN decided[1] >= 0 AND decided[1] <= soonest;
        many := many / 2;
      END LOOP;
      i := 4;
      FOR j IN 1..p[1] LOOP
        IF a[c + j] <> 0 THEN
          -- The state after many is that after all but one, and one.
          IF many > 1 THEN
            work[j] := sluice.kind_commit(p[i]::int, p, i + 3, work[j], a[c + j] * (many - 1), soonest,
              now, since, ticket, CASE WHEN p[i + 2] = 0 THEN own.id ELSE common.id END);
          END IF;
          work[j] := sluice.kind_commit(p[i]::int, p, i + 3, work[j], a[c + j], soonest, now, since,
            ticket, CASE WHEN p[i + 2] = 0 THEN own.id ELSE common.id END);
        END IF;
        i := i + 4 + p[i + 3]::int;
      END LOOP;
      IF own.others <> '{}' THEN
        own.others := sluice.booked(own.others, p, false, a, c, many, soonest, now);
      END IF;
      IF common.others <> '{}' THEN
        common.others := sluice.booked(common.others, p, true, a, c, many, soonest, now);
      END IF;
      admitted := admitted + many;
      reply := reply || array_fill(soonest, ARRAY[many]);
      ticket := ticket + many;
      own.ticket := ticket - 1;
      c := c + many * p[1]::int;
    END LOOP;

    IF admitted = 0 AND NOT (is_cold AND is_shared AND reply[2] > 0) THEN
      IF has_blank THEN
        DELETE FROM sluice.budgets b WHERE b.limiter = short_lim AND b.keep = 0
          AND b.key IN (short_key, '%');
      END IF;
      RETURN sluice.told(reply);
    END IF;
    IF a[8] = 0 THEN done := set_config('synchronous_commit', 'off', true); END IF;
    IF is_cold AND is_shared THEN
      INSERT INTO sluice.budgets SELECT (sluice.blank(lim, k)).* ON CONFLICT DO NOTHING;
      INSERT INTO sluice.budgets SELECT (sluice.blank(lim, '%')).* ON CONFLICT DO NOTHING;
      has_blank := true;
    ELSIF is_cold THEN
      own := sluice.filled(own, p, work, false, now);
      INSERT INTO sluice.budgets VALUES (own.*) ON CONFLICT DO NOTHING;
      IF FOUND THEN RETURN sluice.told(reply); END IF;
      -- Somebody else made it meanwhile; what went to the log was under a number that nobody has.
      DELETE FROM sluice.log l WHERE l.budget = own.id;
    ELSE
      EXIT;
    END IF;
    own := NULL;
    common := NULL;
    soonest := a[6];
    admitted := 0;
    c := 10;
  END LOOP;
  own := sluice.filled(own, p, work, false, now);
  UPDATE sluice.budgets b SET seen = now, ticket = own.ticket, keep = own.keep, shape = own.shape,
      states = own.states, others = own.others
    WHERE b.limiter = short_lim AND b.key = short_key;
  IF is_shared THEN
    common.ticket := own.ticket;
    common := sluice.filled(common, p, work, true, now);
    UPDATE sluice.budgets b SET seen = now, ticket = common.ticket, keep = common.keep,
        shape = common.shape, states = common.states, others = common.others
      WHERE b.limiter = short_lim AND b.key = '%';
  END IF;
  RETURN sluice.told(reply);
END $$;

-- The reply when not even the first is admitted, by a plain read without a lock; else NULL. The clock is
-- read before, so that nothing that is missed happened before the answer's now.
CREATE OR REPLACE FUNCTION sluice.refusal(
  short_lim text, short_key text, p float8[], a float8[], clock float8
) RETURNS float8[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  own sluice.budgets;
  common sluice.budgets;
  gate float8 := a[4];
  now float8;
  since float8;
  decided float8[];
BEGIN
  SELECT * INTO own FROM sluice.budgets b WHERE b.limiter = short_lim AND b.key = short_key;
  IF p[2] = 1 OR a[3] = 1 THEN
    SELECT * INTO common FROM sluice.budgets b WHERE b.limiter = short_lim AND b.key = '%';
    gate := coalesce(common.gate, 0);
    IF p[2] = 0 THEN common := NULL; END IF;
  END IF;
  IF greatest(own.seen, common.seen) - clock > 1000000 THEN RETURN NULL; END IF;
  now := greatest(clock, own.seen, common.seen);
  since := CASE WHEN a[7] < 0 OR a[7] > now THEN now ELSE a[7] END;
  decided := sluice.decide(p, sluice.states_of(p, own, common, a[1], now), a, 10,
    own.gate, gate, now, since, own.id, common.id);
  IF decided[1] >= 0 AND decided[1] < a[6] THEN decided[1] := a[6]; END IF;
  IF decided[1] >= 0 AND decided[1] <= now + a[5] AND decided[1] < 'Infinity' THEN RETURN NULL; END IF;
  RETURN ARRAY[now, -now, gate] || decided;
END $$;
