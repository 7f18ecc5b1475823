// What happened in a run, line by line, and one hash over all of it: two runs of a seed must have the same.
// Signatures are random (ECDSA), so no text of a token stands in it; ids and outcomes do.

import { createHash, type Hash } from "node:crypto";
import type { TimeLine } from "./time-line.ts";

const KEPT = 400;

export class History {
  readonly #line: TimeLine;
  readonly #hash: Hash = createHash("sha256");
  readonly #trace: ((text: string) => void) | undefined;
  readonly #last: string[] = [];
  readonly counts: Map<string, number> = new Map();

  constructor(line: TimeLine, trace?: (text: string) => void) {
    this.#line = line;
    this.#trace = trace;
  }

  /** `what` is counted; `detail` tells one from the other. */
  add(who: string, what: string, detail = ""): void {
    const text = `${String(this.#line.now).padStart(7)} ${who.padEnd(10)} ${what} ${detail}`.trimEnd();
    this.#hash.update(text).update("\n");
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    this.#last.push(text);
    if (this.#last.length > KEPT) this.#last.splice(0, KEPT / 2);
    this.#trace?.(text);
  }

  last(count: number): readonly string[] {
    return this.#last.slice(-count);
  }

  digest(): string {
    return this.#hash.digest("hex").slice(0, 16);
  }
}
