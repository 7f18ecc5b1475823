import type { SqlReviewed } from "../reviewed.ts";

const STATEMENTS = "packages/store-postgres/src/statements.ts";
const EACH =
  "return `LATERAL (SELECT ${columns} FROM rows r WHERE r.tenant = ${of}.tenant AND r.kind = ${of}.kind AND r.id = ${of}.id OFFSET 0)`;";

const NOTICES = "SELECT * FROM notices WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4";
const FACTS = "ORDER BY xid, place LIMIT $4`,";
const DUE =
  'text: "SELECT tenant, kind, id FROM rows WHERE kind = $1 AND expires <= $2 ORDER BY expires, tenant, id LIMIT $3",';
const DROP = "SELECT ctid FROM notices WHERE until <= $1 ORDER BY until LIMIT $3 FOR UPDATE SKIP LOCKED";
const TWICE = ["", " (number 2)"];

/** What of the statements lived so far; they were not judged whole. */
export const POSTGRES: readonly SqlReviewed[] = [
  {
    why: "equivalent",
    reason:
      "More is sent than is needed: a row besides, one that is remembered, or one twice. Whoever receives it looks rows up by their keys; only the time differs.",
    changes: {
      [STATEMENTS]: [
        [EACH, "a condition is dropped: r.tenant = ${of}.tenant"],
        [EACH, "a condition is dropped: r.kind = ${of}.kind"],
        [
          "SELECT DISTINCT ref->>0 AS tenant, ref->>1 AS kind, ref->>2 AS id",
          "what is the same stands twice: DISTINCT → nothing",
        ],
        ["FROM direct d, jsonb_array_elements(d.refs) AS ref WHERE NOT d.same", "a condition is dropped: NOT d.same"],
        ["SELECT ${ROW}, r.refs FROM direct r WHERE NOT r.same", "a condition is dropped: NOT r.same"],
        [
          "WHERE NOT EXISTS (SELECT 1 FROM asked a WHERE a.tenant = n.tenant AND a.kind = n.kind AND a.id = n.id)",
          "a condition is dropped: NOT EXISTS (SELECT 1 FROM asked a WHERE a.tenant = n.tenant AND a.kind = n.kind AND a.id = n.id)",
        ],
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Whoever reads the answer takes a row that is sent for what stands there, also where its place is told as unchanged; and no row is sent twice by the two halves.",
    changes: {
      [STATEMENTS]: [
        [
          "(SELECT string_agg(d.place::text, ',') FROM direct d WHERE d.same), ' ', (SELECT json_agg(f) FROM found f)) AS answer",
          "a condition is dropped: d.same",
        ],
        ["UNION ALL", "what is the same stands once: ALL → nothing"],
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "The order of the index by which they are found, and in which they come anyway; it is asked for so that no other plan may choose another.",
    changes: {
      [STATEMENTS]: [
        [NOTICES, "an order is dropped: ORDER BY seq"],
        [") n ON true ORDER BY n.seq`,", "an order is dropped: ORDER BY n.seq"],
        ...TWICE.flatMap((number) => [
          [FACTS, `an order is dropped: ORDER BY xid, place${number}`] as const,
          [FACTS, `an order's last key is dropped: xid, place${number}`] as const,
        ]),
        [
          "text: `SELECT ${ROW} FROM rows r WHERE tenant = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4`,",
          "an order is dropped: ORDER BY id",
        ],
        [DUE, "an order is dropped: ORDER BY expires, tenant, id"],
        [DUE, "an order's last key is dropped: expires, tenant, id"],
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "How many are read: one more than is answered is asked for already, to know whether there are more, and the reader cuts off what is too much.",
    changes: {
      [STATEMENTS]: [
        [NOTICES, "a limit is dropped: $4"],
        [NOTICES, "a limit is one more: $4 → $4 + 1"],
        ...TWICE.flatMap((number) => [
          [FACTS, `a limit is dropped: $4${number}`] as const,
          [FACTS, `a limit is one more: $4 → $4 + 1${number}`] as const,
        ]),
      ],
    },
  },
  {
    why: "equivalent",
    reason: "Of the oldest transaction that still runs nobody sees anything.",
    changes: {
      [STATEMENTS]: [
        [
          "WHERE tenant = $1 AND (xid, place) > ($2, $3) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::int8 + (SELECT facts_after FROM head)",
          "a comparison is moved or turned around: < → <=",
        ],
        [
          "AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::int8 + (SELECT facts_after FROM head)",
          "a comparison is moved or turned around: < → <=",
        ],
      ],
    },
  },
  {
    why: "accepted",
    reason:
      "Which of the notices that are over go first: a step drops as many as it may, and the next one finds the rest.",
    changes: {
      [STATEMENTS]: [
        [DROP, "an order is dropped: ORDER BY until"],
        [DROP, "an order is turned around: until → until DESC"],
      ],
    },
  },
];
