// How facts rest: in a partition for each day, so that retention drops a day whole, and in the order of their transactions.
//
// Transaction numbers begin anew in a cluster into which a dump is loaded. `head.facts_after` is added to every number from then on, so that
// what happens later still comes after what happened before, and cursors go on.

import type { PoolClient } from "pg";

/** Milliseconds. */
const DAY = 86_400_000;
/** Milliseconds for which others may wait for a partition that is made or dropped; after them it is left for the next time. */
const PATIENCE = 50;

export const FACTS_AFTER = "ALTER TABLE head ADD COLUMN facts_after int8 NOT NULL DEFAULT 0";

/** What is there stays in one partition, up to the day after tomorrow; it is scanned once for that, while commits wait. */
export const PARTITION_FACTS: string = `
  ALTER TABLE head ADD COLUMN facts_from int8 NOT NULL DEFAULT 0;
  DO $body$
  DECLARE
    first_day int8;
  BEGIN
    LOCK TABLE facts IN ACCESS EXCLUSIVE MODE;
    ALTER TABLE facts RENAME TO facts_before;
    first_day := greatest(floor(extract(epoch FROM clock_timestamp()) * 1000 / ${DAY})::int8 + 2,
      (SELECT max(at) / ${DAY} + 1 FROM facts_before));
    CREATE SEQUENCE facts_place;
    PERFORM setval('facts_place', nextval(pg_get_serial_sequence('facts_before', 'place')));
    ALTER TABLE facts_before ALTER place DROP IDENTITY;
    CREATE TABLE facts (
      xid int8 NOT NULL, place int8 NOT NULL DEFAULT nextval('facts_place'),
      tenant text COLLATE "C" NOT NULL, kind text NOT NULL, session text COLLATE "C", at int8 NOT NULL, body text NOT NULL
    ) PARTITION BY RANGE (at);
    EXECUTE format('ALTER TABLE facts ATTACH PARTITION facts_before FOR VALUES FROM (MINVALUE) TO (%s)', first_day * ${DAY});
    CREATE TABLE facts_rest PARTITION OF facts DEFAULT;
    ALTER TABLE facts_rest ADD PRIMARY KEY (xid, place);
    CREATE INDEX facts_rest_of_session ON facts_rest (session, xid, place) WHERE session IS NOT NULL;
    CREATE INDEX facts_rest_at ON facts_rest (at);
    UPDATE head SET facts_from = first_day;
  END
  $body$;

  -- Makes the partitions of the days to come, and drops one whose last fact is older than the bound. What it can't do now, or may not do,
  -- is left: facts without a day of their own go into facts_rest.
  CREATE FUNCTION tend_facts(bound int8) RETURNS void LANGUAGE plpgsql AS $body$
  DECLARE
    today int8 := floor(extract(epoch FROM clock_timestamp()) * 1000 / ${DAY})::int8;
    day int8;
    gone text;
  BEGIN
    PERFORM set_config('lock_timeout', '${PATIENCE}ms', true);
    FOR day IN SELECT generate_series(greatest(today, (SELECT facts_from FROM head)), today + 2) LOOP
      CONTINUE WHEN to_regclass(format('facts_%s', day)) IS NOT NULL;
      EXECUTE format('CREATE TABLE facts_%s (LIKE facts_rest INCLUDING ALL)', day);
      EXECUTE format('ALTER TABLE facts ATTACH PARTITION facts_%s FOR VALUES FROM (%s) TO (%s)', day, day * ${DAY}, (day + 1) * ${DAY});
    END LOOP;
    SELECT c.relname INTO gone FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'facts'::regclass AND c.relname ~ '^facts_[0-9]+$' AND (substr(c.relname, 7)::int8 + 1) * ${DAY} <= bound
      ORDER BY substr(c.relname, 7)::int8 LIMIT 1;
    IF gone IS NOT NULL THEN EXECUTE format('DROP TABLE %I', gone); END IF;
  EXCEPTION WHEN lock_not_available OR insufficient_privilege OR check_violation OR duplicate_table THEN
    NULL;
  END
  $body$;
`;

/**
 * After a dump was loaded into another cluster, whoever did it. Does nothing where transactions go on as they were. Called before this node
 * commits anything, so no fact of its own can be among those that it finds ahead.
 */
export async function continueTransactions(client: PoolClient, schema: string): Promise<void> {
  await client.query(`
    UPDATE "${schema}".head
    SET facts_after = (SELECT max(xid) FROM "${schema}".facts) + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::int8
    WHERE (SELECT max(xid) FROM "${schema}".facts) >= pg_snapshot_xmax(pg_current_snapshot())::text::int8 + facts_after`);
}
