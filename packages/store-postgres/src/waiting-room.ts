// Who waits for a connection of a pool. The pool itself keeps them waiting when it is closed, until each one's own time is over: after three
// seconds of a server that says nothing that would be another three.

import type { Pool, PoolClient } from "pg";

export class WaitingRoom {
  readonly #pool: Pool;
  readonly #waiting = new Set<(reason: Error) => void>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** A connection, to be released. Rejects when none is free in time, and when the room is emptied. */
  connect(): Promise<PoolClient> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      this.#pool.connect((error, client, release) => {
        const waits = this.#waiting.delete(reject);
        if (error !== undefined) return reject(error);
        if (client === undefined) return reject(new Error("there is no connection"));
        if (!waits) return release(true);
        resolve(client);
      });
    });
  }

  /** Whoever waits is answered now. */
  empty(reason: Error): void {
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
  }
}
