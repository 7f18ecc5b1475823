// The facts that were committed last, in memory: whoever reads along with the writing (the audit, the count of live sessions) need not
// take every fact out of the file again. Their places follow one another without a gap.

import type { Change, Outcome, Store, StoredFact } from "@hallpass/core";
import { placeOfCursor } from "./fact-cursor.ts";

type Query = Parameters<Store["facts"]>[0];
type Page = Awaited<ReturnType<Store["facts"]>>;

/** Enough for a second of a busy server; half a kilobyte each. */
const MOST = 16_384;

export class RecentFacts {
  #facts: StoredFact[] = [];
  #first = 1;

  /** What a batch has added to the file, where `after` was the last place before it. */
  add(changes: readonly Change[], outcomes: readonly Outcome[], after: number): void {
    const isAny = changes.some(({ facts }, index) => facts.length > 0 && outcomes[index]?.kind === "committed");
    if (!isAny) return;
    if (after + 1 !== this.#first + this.#facts.length) {
      this.#facts = [];
      this.#first = after + 1;
    }
    changes.forEach(({ facts }, index) => {
      if (outcomes[index]?.kind !== "committed") return;
      for (const { tenant, kind, session, at, body } of facts) {
        const cursor = String(this.#first + this.#facts.length);
        this.#facts.push({ tenant, kind, session, at, body, cursor });
      }
    });
    if (this.#facts.length < 2 * MOST) return;
    const most = this.#facts.length - MOST;
    this.#facts = this.#facts.slice(most);
    this.#first += most;
  }

  /** Undefined when the file has to tell. Throws a RangeError for what is no cursor. */
  page({ tenant, session, after, limit }: Query): Page | undefined {
    if (session !== undefined) return undefined;
    const start = after === undefined ? 0 : placeOfCursor(after);
    if (start + 1 < this.#first || this.#facts.length === 0) return undefined;
    const facts: StoredFact[] = [];
    for (let at = start + 1 - this.#first; at < this.#facts.length; at += 1) {
      const fact = this.#facts[at];
      if (fact?.tenant !== tenant) continue;
      if (facts.length === limit) return { facts, more: true };
      facts.push(fact);
    }
    return { facts, more: false };
  }

  /** Facts were dropped, or nobody knows what the file holds. */
  forget(): void {
    this.#facts = [];
    // Before every place that the file could have: what comes next begins anew.
    this.#first = Number.MAX_SAFE_INTEGER;
  }
}
