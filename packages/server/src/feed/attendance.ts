// Whether a verifier is still there: one that has fallen silent is let go, the row of one that has not is renewed.
// Looks are counted, not time: a server that was stopped for a while must read what has come before it judges.

import { type Cancel, RENEW_EVERY, type Scheduler } from "@hallpass/core";

const LOOK_EVERY_MS = 20_000;
/** In a row, with nothing to be read: a verifier pings every second (LEASE-9). */
const QUIET_LOOKS = 3;
const LOOKS_PER_RENEWAL: number = RENEW_EVERY / LOOK_EVERY_MS;

export interface Attended {
  readonly silent: () => void;
  readonly renew: () => void;
  /** Whether the row lacks something that other nodes have to know soon. */
  readonly isRowBehind: () => boolean;
}

export class Attendance {
  readonly #scheduler: Scheduler;
  readonly #attended: Attended;
  #looks = 0;
  #quiet = 0;
  #cancel: Cancel = () => {};

  constructor(scheduler: Scheduler, attended: Attended) {
    this.#scheduler = scheduler;
    this.#attended = attended;
    this.#lookLater();
  }

  heard(): void {
    this.#quiet = 0;
  }

  end(): void {
    this.#cancel();
  }

  #lookLater(): void {
    this.#cancel = this.#scheduler.after(LOOK_EVERY_MS, () => {
      this.#lookLater();
      this.#looks += 1;
      this.#quiet += 1;
      if (this.#quiet > QUIET_LOOKS) this.#attended.silent();
      else if (this.#looks % LOOKS_PER_RENEWAL === 0 || this.#attended.isRowBehind()) this.#attended.renew();
    });
  }
}
