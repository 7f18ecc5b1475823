// Keeps one connection to the feed, for ever: fetches a bearer, connects, and connects again after a random while
// (CONN-5). It decides nothing about tokens.

import { FEED_CLOSE } from "@hallpass/protocol";
import { FeedConnection, type FeedDeps, fraction } from "./feed-connection.ts";
import type { Cancel, FeedBearer } from "./ports.ts";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
const DRAIN_SPREAD_MS = 1000;
/** A bearer with less time left is not worth a connection. */
const LEAST_LIFE_MS = 30_000;

export class FeedClient {
  readonly #deps: FeedDeps;
  readonly #url: string;
  #connection: FeedConnection | undefined;
  #bearer: FeedBearer | undefined;
  #cancelWait: Cancel = () => {};
  #attempts = 0;
  #closed = false;

  constructor(deps: FeedDeps) {
    this.#deps = {
      ...deps,
      onLease: (serverAhead) => {
        this.#attempts = 0;
        deps.onLease(serverAhead);
      },
    };
    this.#url = feedUrl(deps.settings.issuer);
    void this.#connect();
  }

  get connected(): boolean {
    return this.#connection?.welcomed ?? false;
  }

  /** False when there is nobody to tell. */
  sendActivity(sessions: readonly (readonly [sid: string, atMs: number])[]): boolean {
    if (this.#connection?.welcomed !== true) return false;
    this.#connection.sendActivity(sessions);
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#cancelWait();
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #connect(): Promise<void> {
    const { counters } = this.#deps;
    let bearer: FeedBearer;
    try {
      bearer = await this.#freshBearer();
    } catch {
      counters.bearerFailures += 1;
      return this.#wait(1011);
    }
    if (this.#closed) return;
    counters.feedConnects += 1;
    this.#bearer = bearer;
    this.#connection = new FeedConnection(this.#deps, this.#url, bearer, (code) => {
      this.#connection = undefined;
      // The bearer may be what the server refused. Without a welcome nobody can tell.
      if (code !== FEED_CLOSE.drain) this.#bearer = undefined;
      this.#wait(code);
    });
  }

  async #freshBearer(): Promise<FeedBearer> {
    const held = this.#bearer;
    const left = (held?.expiresAt ?? 0) - this.#deps.ports.clock.now();
    return held !== undefined && left > LEAST_LIFE_MS ? held : await this.#deps.ports.fetchToken();
  }

  #wait(code: number): void {
    if (this.#closed) return;
    const { ports } = this.#deps;
    const longest =
      code === FEED_CLOSE.drain ? DRAIN_SPREAD_MS : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempts);
    if (code !== FEED_CLOSE.drain) this.#attempts += 1;
    this.#cancelWait = ports.scheduler.after(Math.floor(fraction(ports) * longest), () => void this.#connect());
  }
}

function feedUrl(issuer: string): string {
  const base = issuer.endsWith("/") ? issuer.slice(0, -1) : issuer;
  return `${base.replace(/^http/, "ws")}/v1/feed`;
}
