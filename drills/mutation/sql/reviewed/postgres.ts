import type { SqlReviewed } from "../reviewed.ts";

const STATEMENTS = "packages/store-postgres/src/statements.ts";
const EACH =
  "return `LATERAL (SELECT ${columns} FROM rows r WHERE r.tenant = ${of}.tenant AND r.kind = ${of}.kind AND r.id = ${of}.id OFFSET 0)`;";

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
];
