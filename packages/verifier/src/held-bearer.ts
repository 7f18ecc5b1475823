// The bearer with which a verifier gets at the feed: fetched when it is needed, kept while it has time left.

import type { FeedBearer, Ports } from "./ports.ts";

/** A bearer with less time left is not worth a connection. */
const LEAST_LIFE_MS = 30_000;

export class HeldBearer {
  readonly #ports: Ports;
  #held: FeedBearer | undefined;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Rejects when there is none to be had now. `sent` may be called while one is waited for. */
  async fresh(sent?: () => void): Promise<FeedBearer> {
    const left = (this.#held?.expiresAt ?? 0) - this.#ports.clock.now();
    if (this.#held !== undefined && left > LEAST_LIFE_MS) return this.#held;
    this.#held = await this.#ports.fetchToken(sent);
    return this.#held;
  }

  /** It may be what the server refused. */
  drop(): void {
    this.#held = undefined;
  }
}
