// The facts that were committed last, in memory: whoever reads along with the writing (the audit, the count of live sessions) need not
// take every fact out of the file again. Their places follow one another without a gap.

import type { Change, FactDraft, Outcome, Store, StoredFact } from "@hallpass/core";
import type { DropBounds } from "./change-writer.ts";
import { placeOfCursor } from "./fact-cursor.ts";

type Query = Parameters<Store["facts"]>[0];
type Page = Awaited<ReturnType<Store["facts"]>>;

/** Enough for a second of a busy server; half a kilobyte each. */
const MOST = 16_384;

export class RecentFacts {
  /** As they were committed: a cursor for each would be made, and kept, for facts that mostly nobody asks for here. */
  #facts: FactDraft[] = [];
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
      if (outcomes[index]?.kind === "committed") this.#facts.push(...facts);
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
    for (let index = start + 1 - this.#first; index < this.#facts.length; index += 1) {
      const fact = this.#facts[index];
      if (fact?.tenant !== tenant) continue;
      if (facts.length === limit) return { facts, more: true };
      facts.push({ ...fact, cursor: String(this.#first + index) });
    }
    return { facts, more: false };
  }

  /** Facts were dropped, or may have been: those that are remembered are mostly younger than any bound, and stay. */
  dropped({ factsBefore, factsOf = [] }: Pick<DropBounds, "factsBefore" | "factsOf">): void {
    const isWithin = ({ kind, at }: FactDraft): boolean =>
      at < factsBefore || factsOf.some((of) => of.kind === kind && of.from <= at && at < of.before);
    if (this.#facts.some(isWithin)) this.forget();
  }

  /** Nobody knows what the file holds. */
  forget(): void {
    this.#facts = [];
    // Before every place that the file could have: what comes next begins anew.
    this.#first = Number.MAX_SAFE_INTEGER;
  }
}
