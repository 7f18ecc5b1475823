// Sessions that refresh, and sessions that are opened and revoked, without a pause, whatever happens to the database. It keeps what it was
// told was done: nothing else counts afterwards.

import { setTimeout as wait } from "node:timers/promises";
import { type Answer, type Client, type Tokens, tokensIn } from "./client.ts";

export interface Revoked {
  readonly sid: string;
  readonly access: string;
  readonly receipt: string;
  readonly jws: string;
}

/** Milliseconds. */
const PAUSE = 20;
const AGAIN = 50;

export class Load {
  /** Each with the newest token that it was given. */
  readonly chains: { token: string }[] = [];
  readonly revoked: Revoked[] = [];
  /** Answers that no client should get: neither yes, nor "later". */
  readonly odd: string[] = [];
  refreshed = 0;
  later = 0;
  /** 503 without a word about when. */
  laterWithoutWhen = 0;
  /** By the clock that never goes back. */
  readonly successes: number[] = [];
  readonly #client: Client;
  #stopped = false;

  constructor(client: Client) {
    this.#client = client;
  }

  stop(): void {
    this.#stopped = true;
  }

  async open(subject: string): Promise<Tokens> {
    const json = { subject, client_id: "demo" };
    return tokensIn(await this.#client.untilAnswered(() => this.#client.operate("/v1/sessions", json)));
  }

  async refreshing(subject: string): Promise<void> {
    const chain = { token: (await this.open(subject)).refresh };
    this.chains.push(chain);
    while (!this.#stopped) {
      const answer = await this.#client.refresh(chain.token);
      if (answer.status === 200) {
        chain.token = String(answer.json["refresh_token"]);
        this.refreshed += 1;
        this.successes.push(performance.now());
        await wait(PAUSE);
      } else await this.#notYet(answer, "refresh");
    }
  }

  async revoking(subject: string): Promise<void> {
    while (!this.#stopped) {
      const { sid, access } = await this.open(subject);
      if (sid === "") continue;
      const json = { targets: [{ type: "session", sid }] };
      const answer = await this.#client.operate("/v1/revocations", json);
      if (answer.status === 201) {
        const { id, jws } = answer.json;
        this.revoked.push({ sid, access, receipt: String(id), jws: String(jws) });
        await wait(PAUSE);
      } else if (answer.status !== 401) await this.#notYet(answer, "revocation");
    }
  }

  async #notYet({ status, json, retryAfter }: Answer, what: string): Promise<void> {
    if (status === 503) {
      this.later += 1;
      if (retryAfter === null) this.laterWithoutWhen += 1;
    } else this.odd.push(`${what}: ${status} ${JSON.stringify(json)}`);
    await wait(AGAIN);
  }
}
