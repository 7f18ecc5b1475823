// Which tests run through which mutants, and how long they take: found once for a text of sources and tests, and kept.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutated } from "./mutants.ts";
import type { Covered } from "./told.ts";
import { startWorker } from "./worker-handle.ts";

export interface Coverage extends Covered {
  readonly hash: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

const LOAD_MS = 120_000;
const COVER_MS = 600_000;

/** Throws an Error that says which test fails without any mutant. */
export async function coverageOf({ written, suite, hash, directory }: Mutated): Promise<Coverage> {
  const path = join(directory, "coverage.json");
  if (existsSync(path)) {
    const before = JSON.parse(readFileSync(path, "utf8")) as Coverage;
    if (before.hash === hash) return before;
  }
  const worker = startWorker();
  try {
    const loaded = await worker.ask({ ask: "load", written, files: suite.tests, apart: true }, LOAD_MS);
    if (loaded === "silent" || loaded.kind !== "loaded") throw new Error(`the tests do not load: ${whyOf(loaded)}`);
    const answer = await worker.ask({ ask: "cover" }, COVER_MS);
    if (answer === "silent" || answer.kind !== "covered") throw new Error(whyOf(answer));
    const coverage: Coverage = { hash, tests: loaded.tests, ...answer.covered };
    writeFileSync(path, JSON.stringify(coverage));
    return coverage;
  } finally {
    worker.end();
  }
}

function whyOf(answer: "silent" | { readonly kind: string; readonly why?: string }): string {
  return answer === "silent" ? "silence" : (answer.why ?? answer.kind);
}
