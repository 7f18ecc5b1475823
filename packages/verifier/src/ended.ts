// Tells open streams when what let them in is over: the token was taken away, its key left the set, it expired, or
// the view became too old to know. A notice costs what it matches, not what is open.

import type { Notice } from "@hallpass/protocol";
import type { TrustedKey } from "./key-set.ts";
import { MatchIndex } from "./match-index.ts";
import type { Cancel, Scheduler } from "./ports.ts";
import type { TokenKeys } from "./token-keys.ts";

export type EndReason = "revoked" | "key_removed" | "expired" | "stale" | "closed";

export interface Watched {
  readonly keys: TokenKeys;
  readonly key: TrustedKey | undefined;
  /** Wall time in milliseconds, on a whole second: a token's `exp` is one. Exclusive. */
  readonly expiresAt: number;
  readonly callback: (reason: EndReason) => void;
}

export interface EndedDeps {
  readonly scheduler: Scheduler;
  readonly now: () => number;
  /** Milliseconds until the view is too old; Infinity when that ends nothing. */
  readonly freshFor: () => number;
  /** Whether the view takes the token away or the key is gone. */
  readonly judge: (watched: Watched) => EndReason | undefined;
  /** Told that a callback threw, or rejected. */
  readonly failed: () => void;
}

const LONGEST_WAIT_MS = 1000;

export class Ended {
  readonly #deps: EndedDeps;
  readonly #index = new MatchIndex<Watched>();
  readonly #bySecond = new Map<number, Set<Watched>>();
  /** Watched since the last tick: what came between the verdict and the watching is found by the next one. */
  readonly #unjudged = new Set<Watched>();
  #cancel: Cancel | undefined;

  constructor(deps: EndedDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#index.size;
  }

  /** Calls back at most once, also when it is over already; never before this call has returned. */
  watch(watched: Watched): () => void {
    this.#index.add(watched);
    const second = secondOf(watched.expiresAt);
    const same = this.#bySecond.get(second) ?? new Set();
    this.#bySecond.set(second, same.add(watched));
    if (this.#unjudged.size === 0) {
      this.#cancel?.();
      this.#cancel = this.#deps.scheduler.after(0, () => this.#tick());
    }
    this.#unjudged.add(watched);
    return () => void this.#forget(watched);
  }

  onNotices(notices: readonly Notice[]): void {
    for (const notice of notices) for (const watched of this.#index.matching(notice)) this.#end(watched, "revoked");
  }

  /** After a snapshot or another key set nothing is taken for granted. */
  judgeAll(): void {
    for (const watched of this.#index.items()) {
      const reason = this.#deps.judge(watched);
      if (reason !== undefined) this.#end(watched, reason);
    }
  }

  endAll(reason: EndReason): void {
    for (const watched of this.#index.items()) this.#end(watched, reason);
  }

  #tick(): void {
    const { now, freshFor, scheduler, judge } = this.#deps;
    for (const watched of this.#unjudged) {
      const reason = judge(watched);
      if (reason !== undefined) this.#end(watched, reason);
    }
    this.#unjudged.clear();
    if (freshFor() <= 0) this.endAll("stale");
    const wall = now();
    for (const [second, watched] of this.#bySecond) {
      if (second * 1000 <= wall) for (const one of watched) this.#end(one, "expired");
    }
    this.#cancel = undefined;
    if (this.#index.size === 0) return;
    const wait = Math.max(1, Math.min(LONGEST_WAIT_MS, Math.ceil(freshFor()), 1000 - (wall % 1000)));
    this.#cancel = scheduler.after(wait, () => this.#tick());
  }

  #end(watched: Watched, reason: EndReason): void {
    if (!this.#forget(watched)) return;
    const { failed } = this.#deps;
    // A client that leaves at the wrong moment makes an app's callback throw. Others end all the same, and the feed is read on.
    try {
      const told: unknown = watched.callback(reason);
      if (told instanceof Promise) told.catch(failed);
    } catch {
      failed();
    }
  }

  #forget(watched: Watched): boolean {
    if (!this.#index.has(watched)) return false;
    this.#index.remove(watched);
    this.#unjudged.delete(watched);
    const second = secondOf(watched.expiresAt);
    const same = this.#bySecond.get(second);
    same?.delete(watched);
    if (same?.size === 0) this.#bySecond.delete(second);
    return true;
  }
}

function secondOf(ms: number): number {
  return Math.floor(ms / 1000);
}
