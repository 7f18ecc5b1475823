// One connection that listens. What it hears only wakes: a wake that is lost delays nothing beyond a verifier's next ping.

import type { Cancel, Scheduler } from "@hallpass/core";
import type { PoolClient } from "pg";

const AGAIN_MS = 500;

export class Wakes {
  readonly #connect: () => Promise<PoolClient>;
  readonly #channel: string;
  readonly #scheduler: Scheduler;
  readonly #wakers = new Set<() => void>();
  #client: PoolClient | undefined;
  #again: Cancel | undefined;
  #closed = false;

  constructor(connect: () => Promise<PoolClient>, channel: string, scheduler: Scheduler) {
    this.#connect = connect;
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
    let client: PoolClient | undefined;
    try {
      client = await this.#connect();
      // Closed meanwhile: a connection that nobody gives back would keep the pool from ending.
      if (this.#closed) return client.release(true);
      this.#client = client;
      const own = client;
      client.on("notification", () => this.#wake());
      client.on("error", () => this.#lost(own));
      // Of a server that counts no more it was taken away.
      client.on("end", () => this.#lost(own));
      await client.query(`LISTEN "${this.#channel}"`);
      // What moved while nobody listened is found by looking once.
      this.#wake();
    } catch {
      if (client === undefined) this.#listenLater();
      else this.#lost(client);
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

  /** Heard of twice, by its event and by its statement: it counts once. */
  #lost(client: PoolClient): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    client.release(true);
    this.#listenLater();
  }

  #listenLater(): void {
    if (!this.#closed) this.#again = this.#scheduler.after(AGAIN_MS, () => void this.listen());
  }
}
