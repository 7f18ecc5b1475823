// One connection that listens. What it hears only wakes: a wake that is lost delays nothing beyond a verifier's next ping.

import type { Cancel, Scheduler } from "@hallpass/core";
import type { Pool, PoolClient } from "pg";

const AGAIN_MS = 500;

export class Wakes {
  readonly #pool: Pool;
  readonly #channel: string;
  readonly #scheduler: Scheduler;
  readonly #wakers = new Set<() => void>();
  #client: PoolClient | undefined;
  #again: Cancel | undefined;
  #closed = false;

  constructor(pool: Pool, channel: string, scheduler: Scheduler) {
    this.#pool = pool;
    this.#channel = channel;
    this.#scheduler = scheduler;
  }

  add(wake: () => void): () => void {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /** Never rejects: a server that can't be reached is tried again. */
  async listen(): Promise<void> {
    if (this.#closed) return;
    try {
      const client = await this.#pool.connect();
      this.#client = client;
      client.on("notification", () => this.#wake());
      client.on("error", () => this.#lost(client));
      await client.query(`LISTEN "${this.#channel}"`);
      // What moved while nobody listened is found by looking once.
      this.#wake();
    } catch {
      this.#lost(this.#client);
    }
  }

  close(): void {
    this.#closed = true;
    this.#again?.();
    this.#wakers.clear();
    this.#client?.release(true);
    this.#client = undefined;
  }

  #wake(): void {
    for (const wake of this.#wakers) queueMicrotask(wake);
  }

  #lost(client: PoolClient | undefined): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    client?.release(true);
    if (!this.#closed) this.#again = this.#scheduler.after(AGAIN_MS, () => void this.listen());
  }
}
