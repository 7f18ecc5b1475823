// Changed statements that live, each with the reason why it may.

import type { SqlMutant } from "./table.ts";

export interface SqlReviewed {
  /** Equivalent: no caller can tell. Accepted: somebody could, and it is said why no test does. */
  readonly why: "equivalent" | "accepted";
  readonly reason: string;
  /** By source: the line on which it begins, and what is changed there. */
  readonly changes: Readonly<Record<string, readonly (readonly [at: string, says: string])[]>>;
}

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

export const SQL_REVIEWED: readonly SqlReviewed[] = [
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
];

export function reasonOf({ file, at, says }: Pick<SqlMutant, "file" | "at" | "says">): SqlReviewed | undefined {
  return SQL_REVIEWED.find(({ changes }) => changes[file]?.some(([line, change]) => line === at && change === says));
}

/** What is reviewed in these sources, and does not live. */
export function unneeded(sources: readonly string[], living: readonly SqlMutant[]): readonly string[] {
  return SQL_REVIEWED.flatMap(({ changes }) =>
    Object.entries(changes)
      .filter(([file]) => sources.includes(file))
      .flatMap(([file, all]) =>
        all
          .filter(([at, says]) => !living.some((one) => one.file === file && one.at === at && one.says === says))
          .map(([at, says]) => `${file}: ${at}: ${says}`),
      ),
  );
}
