// Whose statements are changed, and who judges them beside the contract of a store: the store's own tests.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { found, hashOf, root } from "../mutants.ts";
import { type Change, changesOf } from "./mutators.ts";
import { statementsIn } from "./words.ts";

export const STORES = ["sqlite", "postgres"] as const;
export type StoreName = (typeof STORES)[number];

interface Judged {
  readonly sources: readonly string[];
  /** Asked where the contract notices nothing, in this order. */
  readonly tests: readonly string[];
}

const TABLE: Readonly<Record<StoreName, Judged>> = {
  sqlite: {
    sources: ["read-statements", "change-writer", "fact-log", "names"].map(sqlite),
    tests: ["fact-segments.test", "file-and-schema.test", "group-commit.test", "change-writer.test"].map(sqlite),
  },
  postgres: {
    sources: ["statements", "commit-function"].map(postgres),
    tests: ["commit-function", "facts", "remembered", "many-nodes"].map((name) =>
      postgres(`${name}.needs-postgres.test`),
    ),
  },
};

export interface SqlMutant extends Change {
  readonly store: StoreName;
  readonly file: string;
  readonly line: number;
  readonly original: string;
  /** As it stands in the source, with what TypeScript puts in. */
  readonly statement: string;
  /** The line on which it begins, without the spaces around it, and what is changed there, with a number where that stands more than once. */
  readonly at: string;
  readonly says: string;
}

export function sourcesOf(store: StoreName): readonly string[] {
  return TABLE[store].sources;
}

export function testsOf(store: StoreName): readonly string[] {
  return TABLE[store].tests;
}

export function mutantsOf(store: StoreName): readonly SqlMutant[] {
  return TABLE[store].sources.flatMap((file) => {
    const source = readFileSync(join(root, file), "utf8");
    const lines = source.split("\n");
    // A line may stand twice, and so may a comparison on it: a reason is one's own.
    const told = new Map<string, number>();
    return statementsIn(source).flatMap(([from, to]) =>
      changesOf(source, from, to).map((change) => {
        const line = source.slice(0, change.from).split("\n").length;
        const original = source.slice(change.from, change.to);
        const at = (lines[line - 1] ?? "").trim();
        const plain = saying(change, original);
        const times = (told.get(`${at}\n${plain}`) ?? 0) + 1;
        told.set(`${at}\n${plain}`, times);
        return {
          ...change,
          store,
          file,
          line,
          original,
          statement: source.slice(from, to),
          at,
          says: times === 1 ? plain : `${plain} (number ${times})`,
        };
      }),
    );
  });
}

/** Of what decides whether a mutant that was noticed still is, and whether one that lives still does. */
export function stateOf(store: StoreName): { readonly noticed: string; readonly living: string } {
  const isTest = (file: string): boolean => file.endsWith(".test.ts");
  const own = found([`packages/store-${store}/src/**/*.ts`]);
  const rules = found(["packages/store-contract/src/**/*.ts"]);
  return {
    noticed: hashOf(own.filter((file) => !isTest(file))),
    living: hashOf([...own, ...rules]),
  };
}

export function keyOf({ file, from, to, text }: SqlMutant): string {
  return createHash("sha256")
    .update(JSON.stringify([file, from, to, text]))
    .digest("hex")
    .slice(0, 24);
}

function saying({ mutator, text }: Change, original: string): string {
  const [before, after] = [original, text].map((one) => one.replaceAll(/\s+/g, " ").trim());
  const isGone = mutator.endsWith("is dropped") || mutator.endsWith("not taken");
  return isGone ? `${mutator}: ${before}` : `${mutator}: ${before} → ${after === "" ? "nothing" : after}`;
}

function sqlite(name: string): string {
  return `packages/store-sqlite/src/${name}.ts`;
}

function postgres(name: string): string {
  return `packages/store-postgres/src/${name}.ts`;
}
