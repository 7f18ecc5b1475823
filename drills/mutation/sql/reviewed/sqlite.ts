import type { SqlReviewed } from "../reviewed.ts";

const DROP = "`DELETE FROM notices WHERE seq IN (SELECT seq FROM notices WHERE until <= ? ORDER BY until LIMIT ?)";

const READS = "packages/store-sqlite/src/read-statements.ts";
const NOTICES = "WHERE tenant = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,";
const FACTS =
  'facts: "SELECT place, kind, session, at, body FROM facts WHERE tenant = ? AND place > ? ORDER BY place LIMIT ?",';
const INDEXED = "WHERE s.last > ? ORDER BY s.last, i.place LIMIT ?`,";
const TEXTS =
  "listTexts: `SELECT id, ${ROW} FROM rows WHERE kind = ? AND tenant = ? AND id > ? AND id < x'' ORDER BY id LIMIT ?`,";
const UUIDS_FROM =
  "listUuidsFrom: `SELECT id, ${ROW} FROM rows WHERE kind = ? AND tenant = ? AND id >= ? ORDER BY id LIMIT ?`,";
const UUIDS_AFTER =
  "listUuidsAfter: `SELECT id, ${ROW} FROM rows WHERE kind = ? AND tenant = ? AND id > ? ORDER BY id LIMIT ?`,";
const DUE = 'due: "SELECT kind, tenant, id FROM rows WHERE kind = ? AND expires <= ? ORDER BY expires LIMIT ?",';
const OF_SESSION = "WHERE session = ? AND tenant = ? AND place > ? ORDER BY place LIMIT ?`,";

const LOG = "packages/store-sqlite/src/fact-log.ts";
const INDEX =
  "SELECT ?, session, place FROM facts WHERE place >= ? AND place <= ? AND session IS NOT NULL ORDER BY session, place`,";
const SEGMENT = "SELECT ?, ?, min(at), max(at) FROM facts WHERE place >= ? AND place <= ? HAVING count(*) > 0`,";
const OLD = 'oldSegment: sql("SELECT first, last FROM fact_segments WHERE oldest < ? ORDER BY last LIMIT 1"),';
const WITH =
  "`SELECT first, last, newest FROM fact_segments WHERE last > ? AND newest >= ? AND oldest < ? ORDER BY last LIMIT 1`,";
const PASSED = 'passedOver: sql("SELECT 1 FROM fact_segments WHERE last > ? AND last < ? AND newest >= ? LIMIT 1"),';
const DROP_IN = "(SELECT place FROM facts WHERE place >= ? AND place <= ? AND at < ? ORDER BY place LIMIT ?)`,";
const DROP_OF =
  "(SELECT place FROM facts WHERE place >= ? AND place <= ? AND kind = ? AND at >= ? AND at < ? ORDER BY place LIMIT ?)`,";
const OLDER = 'olderAfter: sql("SELECT 1 FROM facts WHERE place > ? AND at < ? LIMIT 1"),';

export const SQLITE: readonly SqlReviewed[] = [
  {
    why: "equivalent",
    reason:
      "The order of the key by which they are found, and in which they come anyway; it is asked for so that no other plan may choose another.",
    changes: {
      [READS]: [
        [NOTICES, "an order is dropped: ORDER BY seq"],
        [FACTS, "an order is dropped: ORDER BY place"],
        [INDEXED, "an order is dropped: ORDER BY s.last, i.place"],
        [INDEXED, "an order's last key is dropped: s.last, i.place"],
        [OF_SESSION, "an order is dropped: ORDER BY place"],
        [TEXTS, "an order is dropped: ORDER BY id"],
        [UUIDS_FROM, "an order is dropped: ORDER BY id"],
        [UUIDS_AFTER, "an order is dropped: ORDER BY id"],
        [DUE, "an order is dropped: ORDER BY expires"],
      ],
      [LOG]: [
        [OLD, "an order is dropped: ORDER BY last"],
        [WITH, "an order is dropped: ORDER BY last"],
        [DROP_IN, "an order is dropped: ORDER BY place"],
        [DROP_OF, "an order is dropped: ORDER BY place"],
      ],
    },
  },
  {
    why: "equivalent",
    reason: "No id is an empty blob.",
    changes: { [READS]: [[TEXTS, "a comparison is moved or turned around: < → <="]] },
  },
  {
    why: "equivalent",
    reason:
      "How many are read: one more than is answered is asked for already, to know whether there are more, and the reader cuts off what is too much.",
    changes: {
      [READS]: [NOTICES, FACTS, INDEXED, OF_SESSION].flatMap((at) => [
        [at, "a limit is dropped: ?"] as const,
        [at, "a limit is one more: ? → ? + 1"] as const,
      ]),
    },
  },
  {
    why: "equivalent",
    reason:
      "A segment that ends at the place or before it holds no entry behind it: only whether it is looked into differs.",
    changes: {
      [READS]: [
        [INDEXED, "a condition is dropped: s.last > ?"],
        [INDEXED, "a comparison is moved or turned around: > → >="],
      ],
    },
  },
  {
    why: "accepted",
    reason:
      "Which of the notices that are over go first: a step drops as many as it may, and the next one finds the rest.",
    changes: {
      "packages/store-sqlite/src/change-writer.ts": [
        [DROP, "an order is dropped: ORDER BY until"],
        [DROP, "an order is turned around: until → until DESC"],
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Compared before it is sent: references stay unwritten only where the row is remembered in that very version, and nobody else writes the file. (The same line of the statement that writes them is the control of every run.)",
    changes: {
      "packages/store-sqlite/src/change-writer.ts": [
        ["WHERE kind = ? AND tenant = ? AND id = ? AND version = ?`,", "a condition is dropped: version = ?"],
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "In which order entries are put into an index that has one of its own: pages are written more often, and hold the same.",
    changes: {
      [LOG]: [
        [INDEX, "an order is dropped: ORDER BY session, place"],
        [INDEX, "an order is turned around: session, place → session DESC, place"],
        [INDEX, "an order's last key is dropped: session, place"],
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "What is known of a segment says where to look, and what goes is compared by itself: with wider bounds more segments are looked through in vain, and the same facts go.",
    changes: {
      [LOG]: [
        [SEGMENT, "a condition is dropped: place >= ?"],
        [SEGMENT, "a condition is dropped: place <= ?"],
        [WITH, "a condition is dropped: newest >= ?"],
        [WITH, "a comparison is moved or turned around: < → <="],
      ],
    },
  },
  {
    why: "equivalent",
    reason: "What was passed over begins at the bound's end or later, so its newest is never the bound's beginning.",
    changes: { [LOG]: [[PASSED, "a comparison is moved or turned around: >= → >"]] },
  },
  {
    why: "equivalent",
    reason:
      "A segment without any fact is never made: it begins with one that stands there, or a disk was full in between; then the column refuses the empty bounds, and the next try begins at one that stands there.",
    changes: {
      [LOG]: [
        [SEGMENT, "a condition is dropped: count(*) > 0"],
        [SEGMENT, "a comparison is moved or turned around: > → >="],
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Segments are gone through from the oldest on: nothing that would go is left before the one at hand, and what stands behind it goes in the same order, in this step or the next.",
    changes: {
      [LOG]: [
        [DROP_IN, "a condition is dropped: place >= ?"],
        [DROP_IN, "a condition is dropped: place <= ?"],
        [DROP_OF, "a condition is dropped: place >= ?"],
      ],
    },
  },
  {
    why: "equivalent",
    reason: "What the segments hold was asked before, by what is known of their oldest.",
    changes: {
      [LOG]: [
        [OLDER, "a condition is dropped: place > ?"],
        [OLDER, "a comparison is moved or turned around: > → >="],
      ],
    },
  },
];
