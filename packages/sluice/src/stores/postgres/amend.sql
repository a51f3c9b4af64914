-- Changes what was reserved: several changes of one key in one step, each of them once only.
-- `a`: from when a cold key counts as used; whether rows that are missing are to be made; whether commits
-- are to wait for the disk; how many changes; and for each its verb and what that needs: 1 settle (ticket,
-- instant, and for every rule what was taken and what is), 2 release (ticket), 3 renew (ticket, and
-- for every rule what it holds), 4 gate
-- (instant, 0 to open it), 5 reset. `channel` is told of what was freed, unless it is empty.
-- Reply: now, then the tickets whose leases could not be renewed.

-- Takes the rest at its own earliest instant, in pieces that the limit can hold.
CREATE OR REPLACE FUNCTION sluice.charged(
  kind int, p float8[], i int, s float8[], units float8, now float8, home bigint
) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
  piece constant float8 := sluice.kind_piece(kind, p, i, units);
  cost float8;
  at float8;
BEGIN
  WHILE units > 0 LOOP
    cost := least(units, piece);
    at := sluice.kind_earliest(kind, p, i, s, cost, now, now, home);
    IF at < 0 OR at = 'Infinity' THEN at := now; END IF;
    s := sluice.kind_commit(kind, p, i, s, cost, at, now, now, 0, home);
    units := units - piece;
  END LOOP;
  RETURN s;
END $$;

-- Writes a row that is there, and that is locked.
CREATE OR REPLACE FUNCTION sluice.kept(
  b sluice.budgets, p float8[], work sluice.cells[], is_common boolean, now float8
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  b := sluice.filled(b, p, work, is_common, now);
  UPDATE sluice.budgets o SET seen = b.seen, ticket = b.ticket, gate = b.gate, keep = b.keep,
      forgotten = b.forgotten, shape = b.shape, states = b.states, others = b.others
    WHERE o.limiter = b.limiter AND o.key = b.key;
END $$;

-- A settlement counts by the numbers of others too, once for a cost.
CREATE OR REPLACE FUNCTION sluice.settled_by(
  others sluice.cells[], p float8[], is_common boolean, a float8[], c int, made float8, now float8
) RETURNS sluice.cells[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  s float8[];
  more float8;
  i int;
  at int;
BEGIN
  FOR n IN 1..cardinality(others) LOOP
    s := others[n];
    i := 4;
    at := c;
    FOR j IN 1..p[1] LOOP
      IF p[i] IN (0, 2, 3) AND (p[i + 2] = 1) = is_common AND sluice.is_kin(s[2], p[i + 1]) THEN
        more := a[at + 1] - a[at];
        IF more > 0 THEN
          others[n] := s[1] || sluice.kind_book(s[2:], more, 1, now, now);
        ELSIF more < 0 THEN
          others[n] := s[1] || sluice.kind_unbook(s[2:], -more, a[at], made, now);
        END IF;
        EXIT;
      END IF;
      i := i + 4 + p[i + 3]::int;
      at := at + 2;
    END LOOP;
  END LOOP;
  RETURN others;
END $$;

CREATE OR REPLACE FUNCTION sluice.amend(lim text, k text, p float8[], a float8[], channel text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  short_lim constant text := sluice.short(lim);
  short_key constant text := sluice.short(k);
  own sluice.budgets;
  common sluice.budgets;
  home sluice.budgets;
  clock float8;
  now float8;
  work sluice.cells[];
  s float8[];
  reply float8[];
  verb int;
  ticket float8;
  made float8;
  is_first boolean;
  is_freed boolean := false;
  writes_own boolean := false;
  writes_common boolean := false;
  c int := 5;
  i int;
BEGIN
  IF a[3] = 0 THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
  IF a[2] = 1 THEN
    INSERT INTO sluice.budgets SELECT (sluice.blank(lim, k)).* ON CONFLICT DO NOTHING;
    IF p[2] = 1 THEN
      INSERT INTO sluice.budgets SELECT (sluice.blank(lim, '%')).* ON CONFLICT DO NOTHING;
    END IF;
  END IF;
  SELECT * INTO own FROM sluice.budgets b
    WHERE b.limiter = short_lim AND b.key = short_key FOR UPDATE;
  IF p[2] = 1 THEN
    SELECT * INTO common FROM sluice.budgets b
      WHERE b.limiter = short_lim AND b.key = '%' FOR UPDATE;
  END IF;
  clock := sluice.clock();
  IF own.seen - clock > 1000000 THEN own := sluice.moved(own, clock); END IF;
  IF common.seen - clock > 1000000 THEN common := sluice.moved(common, clock); END IF;
  now := greatest(clock, own.seen, common.seen);
  work := sluice.states_of(p, own, common, a[1], now);
  own := sluice.set_aside(own, p, false);
  IF p[2] = 1 THEN common := sluice.set_aside(common, p, true); END IF;
  reply := ARRAY[now];

  FOR n IN 1..a[4] LOOP
    verb := a[c];
    ticket := a[c + 1];
    IF verb = 1 THEN
      made := a[c + 2];
      INSERT INTO sluice.settled VALUES (
          hashtextextended(short_lim || '%/' || short_key, 0), ticket, now) ON CONFLICT DO NOTHING;
      is_first := FOUND AND ticket > coalesce(own.forgotten, 0);
      c := c + 3;
      IF is_first AND own.others <> '{}' THEN
        own.others := sluice.settled_by(own.others, p, false, a, c, made, now);
      END IF;
      IF is_first AND common.others <> '{}' THEN
        common.others := sluice.settled_by(common.others, p, true, a, c, made, now);
      END IF;
    ELSE
      c := c + CASE WHEN verb = 5 THEN 1 ELSE 2 END;
    END IF;
    IF verb < 4 THEN
      i := 4;
      FOR j IN 1..p[1] LOOP
        IF p[i + 2] = 0 THEN home := own; ELSE home := common; END IF;
        s := NULL;
        IF verb = 1 AND is_first AND home.id IS NOT NULL THEN
          IF a[c] < a[c + 1] AND p[i] <> 4 THEN
            s := sluice.charged(p[i]::int, p, i + 3, work[j], a[c + 1] - a[c], now, home.id);
          ELSIF a[c] > a[c + 1] THEN
            s := sluice.kind_refund(p[i]::int, p, i + 3, work[j], a[c] - a[c + 1], a[c], made,
              now, ticket, home.id);
            is_freed := true;
          END IF;
        ELSIF verb = 2 AND p[i] = 4 THEN
          s := sluice.slots_release(p, i + 3, work[j], ticket, now, 'Infinity', 0);
          IF s = work[j]::float8[] THEN s := NULL; ELSE is_freed := true; END IF;
        ELSIF verb = 3 AND p[i] = 4 THEN
          s := sluice.slots_renew(p, i + 3, work[j], ticket, now);
          IF s IS NULL AND a[c] > 0 THEN reply := reply || ticket; END IF;
        END IF;
        IF s IS NOT NULL THEN
          work[j] := s;
          IF p[i + 2] = 0 THEN writes_own := true; ELSE writes_common := true; END IF;
        END IF;
        IF verb = 1 THEN c := c + 2; ELSIF verb = 3 THEN c := c + 1; END IF;
        i := i + 4 + p[i + 3]::int;
      END LOOP;
    ELSIF own.id IS NOT NULL THEN
      IF verb = 4 THEN
        own.gate := CASE WHEN ticket > 0 THEN greatest(own.gate, ticket) ELSE 0 END;
      ELSE
        -- The row stays for an hour, so that nothing is given back of what was forgotten.
        DELETE FROM sluice.log l WHERE l.budget = own.id;
        UPDATE sluice.budgets b SET states = '{}', others = '{}', shape = 0, gate = 0, seen = now,
            keep = now + 3600000000,
            forgotten = greatest(b.ticket, now)
          WHERE b.limiter = short_lim AND b.key = short_key RETURNING * INTO own;
        work := sluice.states_of(p, own, common, a[1], now);
      END IF;
      writes_own := verb = 4;
      is_freed := true;
    END IF;
  END LOOP;

  IF writes_own THEN PERFORM sluice.kept(own, p, work, false, now); END IF;
  IF writes_common THEN PERFORM sluice.kept(common, p, work, true, now); END IF;
  IF is_freed AND channel <> '' THEN PERFORM pg_notify(channel, ''); END IF;
  RETURN sluice.told(reply);
END $$;

-- Everything of a limiter, its keys before what they share, as everywhere.
CREATE OR REPLACE FUNCTION sluice.reset(lim text, channel text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  short_lim constant text := sluice.short(lim);
  now float8;
BEGIN
  PERFORM b.key FROM sluice.budgets b
    WHERE b.limiter = short_lim AND b.key <> '%' ORDER BY b.key FOR UPDATE;
  PERFORM b.key FROM sluice.budgets b WHERE b.limiter = short_lim AND b.key = '%' FOR UPDATE;
  now := sluice.clock();
  DELETE FROM sluice.log l USING sluice.budgets b WHERE b.limiter = short_lim AND l.budget = b.id;
  UPDATE sluice.budgets b SET states = '{}', others = '{}', shape = 0, gate = 0, seen = greatest(b.seen, now),
      keep = now + 3600000000, forgotten = greatest(b.ticket, now)
    WHERE b.limiter = short_lim;
  IF channel <> '' THEN PERFORM pg_notify(channel, ''); END IF;
END $$;
