// Which sessions were used, told to the server in batches, so that idle time is counted from use and not from the
// last refresh. A batch each 30 s, or when 1,000 sessions gathered: far below a tenth of any idle time (CONN-7).

import { MAX_ACTIVITY } from "@hallpass/protocol";
import type { Cancel, Scheduler } from "./ports.ts";

export const NOTE_EVERY_MS = 5000;
const FLUSH_EVERY_MS = 30_000;
/** What is kept while there is nobody to tell; more is forgotten, oldest first. */
const MOST_KEPT = 50_000;

export type ActivityPairs = readonly (readonly [sid: string, atMs: number])[];

export class Activity {
  readonly #scheduler: Scheduler | undefined;
  readonly #send: (pairs: ActivityPairs) => boolean;
  readonly #seen = new Map<string, number>();
  #cancel: Cancel | undefined;

  /** `send` answers false when the pairs could not be sent; they are kept. Without a scheduler they wait to be taken. */
  constructor(scheduler: Scheduler | undefined, send: (pairs: ActivityPairs) => boolean) {
    this.#scheduler = scheduler;
    this.#send = send;
  }

  /** `at` by the server's clock. */
  note(sid: string, at: number): void {
    this.#seen.delete(sid);
    this.#seen.set(sid, Math.max(0, Math.floor(at)));
    if (this.#seen.size > MOST_KEPT) {
      const oldest = this.#seen.keys().next();
      if (oldest.done !== true) this.#seen.delete(oldest.value);
    }
    if (this.#scheduler === undefined) return;
    // A full batch goes out once; when it could not be sent the timer tries again.
    if (this.#seen.size === MAX_ACTIVITY) this.flush();
    else this.#cancel ??= this.#scheduler.after(FLUSH_EVERY_MS, () => this.flush());
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#seen.size === 0) return;
    if (this.#send([...this.#seen])) this.#seen.clear();
    else this.#cancel = this.#scheduler?.after(FLUSH_EVERY_MS, () => this.flush());
  }

  /** The oldest thousand, to be sent now; given back when they could not be. */
  take(): { readonly pairs: ActivityPairs; readonly giveBack: () => void } {
    const pairs = [...this.#seen].slice(0, MAX_ACTIVITY);
    for (const [sid] of pairs) this.#seen.delete(sid);
    return {
      pairs,
      giveBack: () => {
        for (const [sid, at] of pairs) if (!this.#seen.has(sid) && this.#seen.size < MOST_KEPT) this.#seen.set(sid, at);
      },
    };
  }

  close(): void {
    this.flush();
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
