// Changed statements that live, each with the reason why it may.

import { POSTGRES } from "./reviewed/postgres.ts";
import { SQLITE } from "./reviewed/sqlite.ts";
import type { SqlMutant } from "./table.ts";

export interface SqlReviewed {
  /** Equivalent: no caller can tell. Accepted: somebody could, and it is said why no test does. */
  readonly why: "equivalent" | "accepted";
  readonly reason: string;
  /** By source: the line on which it begins, and what is changed there. */
  readonly changes: Readonly<Record<string, readonly (readonly [at: string, says: string])[]>>;
}

export const SQL_REVIEWED: readonly SqlReviewed[] = [...SQLITE, ...POSTGRES];

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
