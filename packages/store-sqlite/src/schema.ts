// The tables, and which of their versions this release can serve.
// `user_version` is 1000 × generation + step. A step only adds, or drops what nobody needs for a right answer, so a release serves any
// step of its generation, also one that a later release added; another generation is refused.

import type { DatabaseSync } from "node:sqlite";
import { pack } from "./packed-text.ts";

const APPLICATION_ID = 0x48_61_6c_6c;
const GENERATION = 1;

/** The statements that lead from each step to the next; the first makes an empty file a store. */
const STEPS: readonly string[] = [
  `
  -- One row. A change without a notice never writes it.
  CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL, seq INTEGER NOT NULL, mark ANY NOT NULL, birth_mark ANY NOT NULL,
    dropped_seq INTEGER NOT NULL, dropped_horizon INTEGER NOT NULL,
    -- No fact stands below it again, so that a cursor is never given twice, not even after everything was dropped.
    fact_floor INTEGER NOT NULL
  ) STRICT;

  -- Tenants and kinds of facts, once each; elsewhere they are small numbers.
  CREATE TABLE names (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

  -- A rowid table, because a value may be longer than a B-tree key should be.
  CREATE TABLE rows (
    place INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL, tenant INTEGER NOT NULL, id ANY NOT NULL,
    version INTEGER NOT NULL, attempt ANY NOT NULL, expires INTEGER,
    not_before_epoch INTEGER, not_before_seq INTEGER, raised_at INTEGER,
    refs BLOB, value TEXT NOT NULL,
    UNIQUE (kind, tenant, id)
  ) STRICT;
  CREATE INDEX rows_due ON rows (kind, expires) WHERE expires IS NOT NULL;

  -- seq never falls, not even across epochs, so it alone is the key.
  CREATE TABLE notices (
    seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, tenant INTEGER NOT NULL,
    mark ANY NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX notices_of_tenant ON notices (tenant);
  CREATE INDEX notices_until ON notices (until);

  CREATE TABLE facts (
    place INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL, kind INTEGER NOT NULL, session ANY, at INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX facts_of_session ON facts (session) WHERE session IS NOT NULL;
  CREATE INDEX facts_at ON facts (at);
  `,
  `
  -- Facts in segments of 4,096 places, each indexed when it is full. What stood there before is cut the same way.
  DROP TABLE IF EXISTS fact_segments;
  DROP TABLE IF EXISTS fact_index;
  CREATE TABLE fact_segments (
    last INTEGER PRIMARY KEY, first INTEGER NOT NULL, oldest INTEGER NOT NULL, newest INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE fact_index (
    segment INTEGER NOT NULL, session ANY NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (segment, session, place)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO fact_segments (last, first, oldest, newest)
    SELECT max(place), min(place), min(at), max(at) FROM facts GROUP BY (place - 1) / 4096;
  INSERT INTO fact_index (segment, session, place)
    SELECT s.last, f.session, f.place FROM fact_segments s CROSS JOIN facts f ON f.place >= s.first AND f.place <= s.last
    WHERE f.session IS NOT NULL ORDER BY s.last, f.session, f.place;
  DROP INDEX IF EXISTS facts_of_session;
  DROP INDEX IF EXISTS facts_at;
  `,
  `
  -- Lists of sessions that a revocation ended had the number of policies: they are lists, policies are objects.
  UPDATE rows SET kind = 13 WHERE kind = 11 AND substr(value, 1, 1) = '[';
  `,
  `
  -- Notices are read in the order of their key, and a file mostly holds those of one tenant: an index by it told nothing and cost each one.
  DROP INDEX IF EXISTS notices_of_tenant;
  `,
];

/** Makes or completes the tables. Throws for a file that is no store of this generation; then nothing was changed. */
export function prepareSchema(db: DatabaseSync, birthMark: string): void {
  const found = versionOf(db);
  if (found !== 0 && Math.floor(found / 1000) !== GENERATION) {
    throw new Error(`schema version ${found} is not one that this release can serve (${GENERATION}xxx)`);
  }
  if (found === 0 && holdsTables(db)) throw new Error("the file is a database of something else");
  const step = found === 0 ? 0 : (found % 1000) + 1;
  if (step >= STEPS.length) return;
  db.exec("BEGIN IMMEDIATE");
  for (const sql of STEPS.slice(step)) db.exec(sql);
  if (found === 0) {
    db.prepare("INSERT INTO head VALUES (1, 1, 0, ?1, ?1, 0, 0, 0)").run(pack(birthMark));
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  }
  db.exec(`PRAGMA user_version = ${GENERATION * 1000 + STEPS.length - 1}`);
  db.exec("COMMIT");
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function holdsTables(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;
}
