// Keeps one connection to the feed, for ever: fetches a bearer, connects, and connects again after a random while
// (CONN-5). It decides nothing about tokens.

import { FEED_CLOSE } from "@hallpass/protocol";
import { FeedConnection, type FeedDeps, fraction } from "./feed-connection.ts";
import { HeldBearer } from "./held-bearer.ts";
import type { Cancel, FeedBearer } from "./ports.ts";
import { wordsOf } from "./trouble.ts";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
const DRAIN_SPREAD_MS = 1000;

export class FeedClient {
  readonly #deps: FeedDeps;
  readonly #url: string;
  #connection: FeedConnection | undefined;
  readonly #bearer: HeldBearer;
  #cancelWait: Cancel = () => {};
  #attempts = 0;
  #closed = false;

  constructor(deps: FeedDeps) {
    this.#deps = {
      ...deps,
      onLease: (serverAhead) => {
        this.#attempts = 0;
        deps.trouble.words = null;
        deps.onLease(serverAhead);
      },
    };
    this.#bearer = new HeldBearer(deps.ports);
    this.#url = feedUrl(deps.settings.issuer).replace(/^http/, "ws");
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
    const { counters, trouble } = this.#deps;
    let bearer: FeedBearer;
    try {
      bearer = await this.#bearer.fresh();
    } catch (cause) {
      counters.bearerFailures += 1;
      trouble.words = wordsOf(cause);
      return this.#wait(1011);
    }
    if (this.#closed) return;
    counters.feedConnects += 1;
    this.#connection = new FeedConnection(this.#deps, this.#url, bearer, (code) => {
      this.#connection = undefined;
      // The bearer may be what the server refused. Without a welcome nobody can tell.
      if (code !== FEED_CLOSE.drain) this.#bearer.drop();
      this.#wait(code);
    });
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
  return `${issuer.endsWith("/") ? issuer.slice(0, -1) : issuer}/v1/feed`;
}
