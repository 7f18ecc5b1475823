// Which sessions were used, told to the server in batches, so that idle time is counted from use and not from the
// last refresh. A batch each 30 s, or when 1,000 sessions gathered: far below a tenth of any idle time (CONN-7).

import { MAX_ACTIVITY, TextTable } from "@hallpass/protocol";
import type { Cancel, Scheduler } from "./ports.ts";

export const NOTE_EVERY_MS = 5000;
const FLUSH_EVERY_MS = 30_000;
/** What is kept while there is nobody to tell; more is forgotten, oldest first. */
const MOST_KEPT = 50_000;

type Noted = [sid: string, atMs: number];
export type ActivityPairs = readonly (readonly [sid: string, atMs: number])[];

export class Activity {
  readonly #scheduler: Scheduler | undefined;
  readonly #send: (pairs: ActivityPairs) => boolean;
  /** The oldest first, and each of them by its session. */
  #noted: Noted[] = [];
  readonly #bySession = new TextTable<Noted>();
  #cancel: Cancel | undefined;

  /** `send` answers false when the pairs could not be sent; they are kept. Without a scheduler they wait to be taken. */
  constructor(scheduler: Scheduler | undefined, send: (pairs: ActivityPairs) => boolean) {
    this.#scheduler = scheduler;
    this.#send = send;
  }

  /** `at` by the server's clock. */
  note(sid: string, at: number): void {
    const whole = Math.max(0, Math.floor(at));
    const same = this.#bySession.get(sid);
    if (same !== undefined) {
      same[1] = whole;
      return;
    }
    this.#add([sid, whole]);
    if (this.#noted.length > MOST_KEPT) this.#keepOnly(this.#noted.slice(MAX_ACTIVITY));
    if (this.#scheduler === undefined) return;
    // A full batch goes out once; when it could not be sent the timer tries again.
    if (this.#noted.length === MAX_ACTIVITY) this.flush();
    else this.#cancel ??= this.#scheduler.after(FLUSH_EVERY_MS, () => this.flush());
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#noted.length === 0) return;
    if (this.#send(this.#noted)) this.#keepOnly([]);
    else this.#cancel = this.#scheduler?.after(FLUSH_EVERY_MS, () => this.flush());
  }

  /** The oldest thousand, to be sent now; given back when they could not be. */
  take(): { readonly pairs: ActivityPairs; readonly giveBack: () => void } {
    const pairs = this.#noted.slice(0, MAX_ACTIVITY);
    this.#keepOnly(this.#noted.slice(MAX_ACTIVITY));
    return {
      pairs,
      giveBack: () => {
        for (const pair of pairs) {
          if (this.#bySession.get(pair[0]) === undefined && this.#noted.length < MOST_KEPT) this.#add(pair);
        }
      },
    };
  }

  #add(noted: Noted): void {
    this.#noted.push(noted);
    this.#bySession.set(noted[0], noted);
  }

  #keepOnly(noted: readonly Noted[]): void {
    this.#noted = [];
    this.#bySession.clear();
    for (const one of noted) this.#add(one);
  }

  close(): void {
    this.flush();
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
