-- Looks at `most` rows, of whatever limiter, from a place on, and removes those that are dead. The place
-- to go on from, limiter and key, or nothing at the end. Rows that others are at work on are left alone.

CREATE OR REPLACE FUNCTION sluice.sweep(from_limiter text, from_key text, most int) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
  now constant float8 := sluice.clock();
  last record;
  dead bigint[];
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM sluice.settled s WHERE s.at < now - 60000000;
  SELECT n.limiter, n.key INTO last FROM (
    SELECT b.limiter, b.key FROM sluice.budgets b WHERE (b.limiter, b.key) > (from_limiter, from_key)
      ORDER BY b.limiter, b.key LIMIT most) n
    ORDER BY n.limiter DESC, n.key DESC LIMIT 1;
  IF NOT FOUND THEN RETURN; END IF;
  WITH idle AS (
    SELECT b.limiter, b.key FROM sluice.budgets b
      WHERE (b.limiter, b.key) > (from_limiter, from_key) AND (b.limiter, b.key) <= (last.limiter, last.key)
        AND b.keep < now
      FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM sluice.budgets b USING idle i
      WHERE b.limiter = i.limiter AND b.key = i.key RETURNING b.id
  )
  SELECT coalesce(array_agg(g.id), '{}') INTO dead FROM gone g;
  DELETE FROM sluice.log l WHERE l.budget = ANY (dead);
  RETURN NEXT last.limiter;
  RETURN NEXT last.key;
END $$;
