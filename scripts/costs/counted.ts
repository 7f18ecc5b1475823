// Counts what an operation asks of the store and of the platform's cryptography. Everything is done as without it.

import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { Store } from "@hallpass/core";

/** In the order of the table's columns. */
export const COUNTS = ["reads", "commits", "rows", "facts", "signatures", "verifications", "hashes"] as const;
export type Counts = Record<(typeof COUNTS)[number], number>;

const COUNTED: Readonly<Record<string, "signatures" | "verifications" | "hashes">> = {
  sign: "signatures",
  createSign: "signatures",
  verify: "verifications",
  createVerify: "verifications",
  hash: "hashes",
  createHash: "hashes",
  createHmac: "hashes",
};

let counts = none();
let isCounting = false;

function none(): Counts {
  return { reads: 0, commits: 0, rows: 0, facts: 0, signatures: 0, verifications: 0, hashes: 0 };
}

/** What is asked for until the promise settles. One at a time. */
export async function countsOf(run: () => Promise<void>): Promise<Counts> {
  countCryptography();
  counts = none();
  await run();
  return { ...counts };
}

export function countedStore(store: Store): Store {
  return {
    ...store,
    read: (keys) => {
      counts.reads += 1;
      return store.read(keys);
    },
    commit: (changes) => {
      counts.commits += 1;
      for (const { rows, facts } of changes) {
        counts.rows += rows.filter(({ next }) => next !== "same").length;
        counts.facts += facts.length;
      }
      return store.commit(changes);
    },
  };
}

/** Once for the process: modules that have imported a function by its name call the counted one from then on. */
function countCryptography(): void {
  if (isCounting) return;
  isCounting = true;
  for (const [name, column] of Object.entries(COUNTED)) {
    const real: unknown = Reflect.get(crypto, name);
    if (typeof real !== "function") throw new Error(`node:crypto has no ${name}`);
    Reflect.set(crypto, name, (...given: unknown[]): unknown => {
      counts[column] += 1;
      return Reflect.apply(real, crypto, given);
    });
  }
  syncBuiltinESMExports();
}
