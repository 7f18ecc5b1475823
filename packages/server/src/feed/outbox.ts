// The way out of one connection. A reader with too much unread is let go (CONN-4), and whoever sends much waits until the
// reader has taken in what was sent before.

import type { Scheduler } from "@hallpass/core";

/** A frame as text, or frames packed (CONN-9). Bytes that were sent are not written into any more. */
export type Message = string | Uint8Array;

export interface Channel {
  send(message: Message): void;
  close(code: number, reason: string): void;
  /** Bytes that were sent and have not left this process yet. */
  bufferedBytes(): number;
}

/** CONN-4. */
export const MOST_UNREAD: number = 8 * 1024 * 1024;
const ROOM = 1024 * 1024;
const FIRST_LOOK_MS = 2;
const LONGEST_LOOK_MS = 250;
const PATIENCE_MS = 30_000;

export class Outbox {
  readonly #channel: Channel;
  readonly #scheduler: Scheduler;
  readonly #tooSlow: () => void;
  #closed = false;

  constructor(channel: Channel, scheduler: Scheduler, tooSlow: () => void) {
    this.#channel = channel;
    this.#scheduler = scheduler;
    this.#tooSlow = tooSlow;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** `queued` bytes wait elsewhere for this reader, and count as unread. */
  check(queued: number): void {
    if (!this.#closed && this.#channel.bufferedBytes() + queued > MOST_UNREAD) this.#tooSlow();
  }

  send(message: Message): void {
    if (this.#closed) return;
    this.#channel.send(message);
    this.check(0);
  }

  /** Settles when little is unread, or the connection is closed. A reader that does not get there within 30 s is too slow. */
  async room(): Promise<void> {
    let waited = 0;
    let look = FIRST_LOOK_MS;
    while (!this.#closed && this.#channel.bufferedBytes() > ROOM) {
      if (waited >= PATIENCE_MS) return this.#tooSlow();
      await this.#pause(look);
      waited += look;
      look = Math.min(2 * look, LONGEST_LOOK_MS);
    }
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#channel.close(code, reason);
  }

  /** The other side has closed it. */
  gone(): void {
    this.#closed = true;
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#scheduler.after(ms, resolve);
    return promise;
  }
}
