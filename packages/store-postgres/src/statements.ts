// The statements that ask. Each is one statement, so that its answer is one snapshot. Named ones are prepared once per connection.

import { COMMIT_FUNCTION, COMMIT_VALUES } from "./commit-function.ts";

export interface Statement {
  readonly name: string;
  readonly text: string;
}

const ROW: string = `r.tenant, r.kind, r.id, r.version, r.attempt, r.expires, r.not_before_epoch, r.not_before_seq, r.raised_at, r.value`;

/** The row of a fence, locked until what is done under it is committed; its key and version are parameters from `first` on, or NULL. */
function fence(first: number): string {
  return `fence AS MATERIALIZED (
        SELECT version FROM rows WHERE tenant = $${first}::text AND kind = $${first + 1}::text AND id = $${first + 2}::text FOR SHARE
      )`;
}

function holds(first: number): string {
  return `($${first}::text IS NULL OR EXISTS (SELECT FROM fence WHERE version = $${first + 3}::int8))`;
}

/** What begins every answer to a read. */
const HEAD: string = `h.epoch, ' ', h.seq, ' ', h.mark, ' ', floor(extract(epoch FROM statement_timestamp()) * 1000)::int8, ' '`;

/** Rows that are asked for: tenants, kinds, ids, and the attempts by which they are remembered. */
const ASKED: string = `unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS a(tenant, kind, id, attempt, place)`;

/**
 * Of each row that is asked for what stands there. Looked up one by one: a join's plan, made while the table was small, would go through all of it.
 */
function each(of: string, columns: string): string {
  return `LATERAL (SELECT ${columns} FROM rows r WHERE r.tenant = ${of}.tenant AND r.kind = ${of}.kind AND r.id = ${of}.id OFFSET 0)`;
}

/** In the answer of `readSame`, in the place of a row that does not stand there as it is remembered. In no mark. */
export const DIFFERS = "!";

type Name =
  | "read"
  | "readSame"
  | "commit"
  | "notices"
  | "birthMark"
  | "markAt"
  | "facts"
  | "factsOfSession"
  | "list"
  | "due"
  | "drop"
  | "tendFacts"
  | "dropFactsOf"
  | "more";

export const statements: Readonly<Record<Name, Statement>> = {
  // One text: what is many in it stands in two, because every name and every cell of an answer costs a node. Of a row that is remembered, and
  // still stands there by the same attempt, only the place is answered; what it refers to was asked for with it.
  // The statement's own time is that of its arrival: before the snapshot, so that what is issued on it never lives longer for having waited.
  read: {
    name: "hallpass_read",
    text: `
      WITH asked AS (
        SELECT * FROM ${ASKED}
      ),
      direct AS (
        SELECT a.place, r.attempt = a.attempt AS same, r.*
        FROM asked a, ${each("a", "*")} r
      ),
      named AS (
        SELECT DISTINCT ref->>0 AS tenant, ref->>1 AS kind, ref->>2 AS id
        FROM direct d, jsonb_array_elements(d.refs) AS ref WHERE NOT d.same
      ),
      found AS (
        SELECT ${ROW}, r.refs FROM direct r WHERE NOT r.same
        UNION ALL
        SELECT ${ROW}, r.refs FROM named n, ${each("n", "*")} r
        WHERE NOT EXISTS (SELECT 1 FROM asked a WHERE a.tenant = n.tenant AND a.kind = n.kind AND a.id = n.id)
      )
      SELECT concat(${HEAD},
        (SELECT string_agg(d.place::text, ',') FROM direct d WHERE d.same), ' ', (SELECT json_agg(f) FROM found f)) AS answer
      FROM head h`,
  },
  // The same where all that stands there is remembered, which is nearly always: half of the other's time goes into what it does not find.
  readSame: {
    name: "hallpass_read_same",
    text: `
      SELECT concat(${HEAD}, (
        SELECT string_agg(CASE WHEN r.attempt = a.attempt THEN a.place::text ELSE '${DIFFERS}' END, ',')
        FROM ${ASKED}, ${each("a", "attempt")} r
      ), ' ') AS answer
      FROM head h`,
  },
  commit: {
    name: "hallpass_commit",
    text: `SELECT ${COMMIT_FUNCTION}(${Array.from({ length: COMMIT_VALUES }, (_, n) => `$${n + 1}`).join(", ")}) AS answer`,
  },
  notices: {
    name: "hallpass_notices",
    text: `
      SELECT h.dropped_seq, h.dropped_horizon, n.epoch, n.seq, n.mark, n.body, n.at, n.until
      FROM head h LEFT JOIN LATERAL (
        SELECT * FROM notices WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4
      ) n ON true ORDER BY n.seq`,
  },
  birthMark: { name: "hallpass_birth_mark", text: "SELECT birth_mark AS mark FROM head" },
  markAt: { name: "hallpass_mark_at", text: "SELECT mark FROM notices WHERE seq = $1 AND epoch = $2" },
  facts: {
    name: "hallpass_facts",
    text: `
      SELECT xid, place, tenant, kind, session, at, body FROM facts
      WHERE tenant = $1 AND (xid, place) > ($2, $3) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::int8 + (SELECT facts_after FROM head)
      ORDER BY xid, place LIMIT $4`,
  },
  factsOfSession: {
    name: "hallpass_facts_of_session",
    text: `
      SELECT xid, place, tenant, kind, session, at, body FROM facts
      WHERE session = $5 AND tenant = $1 AND (xid, place) > ($2, $3)
        AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::int8 + (SELECT facts_after FROM head)
      ORDER BY xid, place LIMIT $4`,
  },
  list: {
    name: "hallpass_list",
    text: `SELECT ${ROW} FROM rows r WHERE tenant = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4`,
  },
  due: {
    name: "hallpass_due",
    text: "SELECT tenant, kind, id FROM rows WHERE kind = $1 AND expires <= $2 ORDER BY expires, tenant, id LIMIT $3",
  },
  // Nobody waits for those who drop, and two who drop take different rows. Facts that have a day of their own go with it (tendFacts). What is
  // dropped is chosen once, and found by its place: a join's plan, made while the table was empty, would choose anew for each row that is there.
  drop: {
    name: "hallpass_drop",
    text: `
      WITH ${fence(4)}, gone AS (
        DELETE FROM notices WHERE ${holds(4)} AND ctid = ANY (ARRAY(
          SELECT ctid FROM notices WHERE until <= $1 ORDER BY until LIMIT $3 FOR UPDATE SKIP LOCKED
        )) RETURNING seq
      ),
      gone_before AS (
        DELETE FROM facts_before WHERE ${holds(4)} AND ctid = ANY (ARRAY(
          SELECT ctid FROM facts_before WHERE at < $2 ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED
        ))
      ),
      gone_rest AS (
        DELETE FROM facts_rest WHERE ${holds(4)} AND ctid = ANY (ARRAY(
          SELECT ctid FROM facts_rest WHERE at < $2 ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED
        ))
      )
      UPDATE head SET dropped_seq = greatest(dropped_seq, (SELECT max(seq) FROM gone)),
        dropped_horizon = greatest(dropped_horizon, $1)
      WHERE EXISTS (SELECT 1 FROM gone)`,
  },
  tendFacts: {
    name: "hallpass_tend_facts",
    text: `WITH ${fence(2)} SELECT CASE WHEN ${holds(2)} THEN tend_facts($1)::text END`,
  },
  dropFactsOf: {
    name: "hallpass_drop_facts_of",
    text: `
      WITH ${fence(5)}, chosen AS MATERIALIZED (
        SELECT tableoid AS part, ctid AS place FROM facts
        WHERE ${holds(5)} AND at >= $2 AND at < $3 AND kind = $1 ORDER BY at LIMIT $4 FOR UPDATE SKIP LOCKED
      ),
      gone AS (
        DELETE FROM facts f USING chosen c
        WHERE f.tableoid = c.part AND f.ctid = c.place AND f.at >= $2 AND f.at < $3 RETURNING f.place
      )
      SELECT count(*) AS count FROM gone`,
  },
  more: {
    name: "hallpass_more",
    text: `WITH ${fence(3)} SELECT ${holds(3)} AS held, EXISTS (SELECT 1 FROM notices WHERE until <= $1)
      OR EXISTS (SELECT 1 FROM facts_before WHERE at < $2) OR EXISTS (SELECT 1 FROM facts_rest WHERE at < $2) AS more`,
  },
};
