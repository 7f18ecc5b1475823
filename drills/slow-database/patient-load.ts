// Clients that each refresh or revoke without a pause, one request at a time, and note how long every answer took.

import { setTimeout as wait } from "node:timers/promises";
import { type Answer, type Client, tokensIn } from "../failover/client.ts";

/** Milliseconds. Much sooner than they are told to come back: what counts is what the server does about it. */
const AGAIN = 25;

export class PatientLoad {
  readonly chains: { token: string }[] = [];
  /** Sessions whose revocation was acknowledged. */
  readonly revoked: string[] = [];
  readonly odd: string[] = [];
  answered = 0;
  later = 0;
  laterWithoutWhen = 0;
  longestMs = 0;
  lastSuccess = 0;
  readonly #client: Client;
  #stopped = false;

  constructor(client: Client) {
    this.#client = client;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** What was seen since the last time, and nothing of before. */
  take(): Pick<PatientLoad, "answered" | "later" | "longestMs"> {
    const { answered, later, longestMs } = this;
    this.answered = 0;
    this.later = 0;
    this.longestMs = 0;
    return { answered, later, longestMs };
  }

  async refreshing(subject: string): Promise<void> {
    const json = { subject, client_id: "demo" };
    const opened = await this.#client.untilAnswered(() => this.#client.operate("/v1/sessions", json));
    const chain = { token: tokensIn(opened).refresh };
    this.chains.push(chain);
    while (!this.#stopped) {
      const answer = await this.#timed(() => this.#client.refresh(chain.token));
      if (answer.status === 200) chain.token = String(answer.json["refresh_token"]);
      await this.#judge(answer, 200);
    }
  }

  async revoking(subject: string): Promise<void> {
    while (!this.#stopped) {
      const json = { subject, client_id: "demo" };
      const opened = await this.#timed(() => this.#client.operate("/v1/sessions", json));
      await this.#judge(opened, 201);
      if (opened.status !== 201) continue;
      const { sid } = tokensIn(opened);
      const targets = [{ type: "session", sid }];
      const answer = await this.#timed(() => this.#client.operate("/v1/revocations", { targets }));
      if (answer.status === 201) this.revoked.push(sid);
      await this.#judge(answer, 201);
    }
  }

  async #timed(asked: () => Promise<Answer>): Promise<Answer> {
    const begun = performance.now();
    const answer = await asked();
    this.longestMs = Math.max(this.longestMs, performance.now() - begun);
    return answer;
  }

  async #judge({ status, json, retryAfter }: Answer, right: number): Promise<void> {
    if (status === right) {
      this.answered += 1;
      this.lastSuccess = performance.now();
      return;
    }
    if (status === 503) {
      this.later += 1;
      if (retryAfter === null) this.laterWithoutWhen += 1;
    } else this.odd.push(`${status} ${JSON.stringify(json)}`);
    await wait(AGAIN);
  }
}
