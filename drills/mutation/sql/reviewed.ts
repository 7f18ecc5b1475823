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

export const SQL_REVIEWED: readonly SqlReviewed[] = [
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
