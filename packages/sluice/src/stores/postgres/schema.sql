-- Tables of the schema. Rows are updated in place (HOT): no index has a column that a decision changes.

-- A list of numbers, so that a row can have a list of lists of any length.
DO $$ BEGIN
  IF to_regtype('sluice.cells') IS NULL THEN CREATE DOMAIN sluice.cells AS float8[]; END IF;
END $$;

CREATE SEQUENCE IF NOT EXISTS sluice.budget_ids;

-- What a key has, or (as the key %) what all keys of a limiter share. `seen` is the clock's last reading,
-- `ticket` the last one, `gate` the instant before which nothing passes, `keep` that from which all of
-- it is idle, `forgotten` the ticket up to which nothing is given back. A key too long for an index is
-- told by its hash, and is whole in `whole`. `states` are those of the rules of the plan that asked last,
-- in their order; where `shape` is a plan's number, they are just those and by its numbers. `others` are
-- of other plans: each begins with when its own plan asked last. Instants are microseconds since the epoch.
CREATE TABLE IF NOT EXISTS sluice.budgets (
  id bigint NOT NULL,
  limiter text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  whole text,
  seen float8 NOT NULL,
  ticket float8 NOT NULL,
  gate float8 NOT NULL,
  keep float8 NOT NULL,
  forgotten float8 NOT NULL,
  shape float8 NOT NULL,
  states sluice.cells[] NOT NULL,
  others sluice.cells[] NOT NULL,
  PRIMARY KEY (limiter, key)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- The older instants of exact windows, 64 in a row.
CREATE TABLE IF NOT EXISTS sluice.log (
  budget bigint NOT NULL,
  rule bigint NOT NULL,
  piece bigint NOT NULL,
  instants float8[] NOT NULL,
  PRIMARY KEY (budget, rule, piece)
);

-- What was settled or cancelled lately, by a hash of the limiter's name and the key: a change that comes
-- again is recognised.
CREATE TABLE IF NOT EXISTS sluice.settled (
  budget bigint NOT NULL,
  ticket float8 NOT NULL,
  at float8 NOT NULL,
  PRIMARY KEY (budget, ticket)
);
CREATE INDEX IF NOT EXISTS settled_at ON sluice.settled (at);
