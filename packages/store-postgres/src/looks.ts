// Where nobody can listen, the head is looked at again and again. What is seen only wakes: a look that fails delays nothing beyond a
// verifier's next ping.

import type { Cancel, Scheduler } from "@hallpass/core";

/** Milliseconds from the end of a look to the next one. */
const LOOK_EVERY_MS = 100;

export class Looks {
  readonly #headOf: () => Promise<string>;
  readonly #scheduler: Scheduler;
  readonly #wakers = new Set<() => void>();
  #seen: string | undefined;
  #next: Cancel | undefined;
  #closed = false;

  /** `headOf` answers where the head is. */
  constructor(headOf: () => Promise<string>, scheduler: Scheduler) {
    this.#headOf = headOf;
    this.#scheduler = scheduler;
  }

  add(wake: () => void): () => void {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /** Settles after the first look. Never rejects. */
  async listen(): Promise<void> {
    try {
      const head = await this.#headOf();
      if (this.#seen !== undefined && head !== this.#seen) for (const wake of this.#wakers) queueMicrotask(wake);
      this.#seen = head;
    } catch {
      // The next look may see it.
    }
    if (!this.#closed) this.#next = this.#scheduler.after(LOOK_EVERY_MS, () => void this.listen());
  }

  close(): void {
    this.#closed = true;
    this.#next?.();
    this.#wakers.clear();
  }
}
