// What the drill says to a node, and what it hears: every answer counts, and one that is neither yes nor "later" is a finding.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

export interface Answer {
  /** 0 when the connection broke before there was one. */
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  readonly retryAfter: string | null;
}

export interface Tokens {
  readonly sid: string;
  readonly access: string;
  readonly refresh: string;
}

/** Milliseconds between two tries of whoever was told to come later. */
const AGAIN_MS = 50;
const PATIENCE_MS = 15_000;

export class Client {
  readonly #url: string;
  readonly #basic: string;
  readonly #apisBasic: string;
  #bearer: string | undefined;

  constructor(url: string, operatorsData: string) {
    this.#url = url;
    const basic = (file: string): string =>
      `Basic ${Buffer.from(readFileSync(join(operatorsData, file), "utf8").trim()).toString("base64")}`;
    this.#basic = basic("operator-credentials");
    this.#apisBasic = basic("demo-api-credentials");
  }

  async form(path: string, body: Readonly<Record<string, string>>, authorization?: string): Promise<Answer> {
    const headers = authorization === undefined ? {} : { authorization };
    return this.#send(path, { method: "POST", headers, body: new URLSearchParams(body) });
  }

  refresh(token: string): Promise<Answer> {
    return this.form("/oauth2/token", { grant_type: "refresh_token", client_id: "demo", refresh_token: token });
  }

  /** As the API that the token is for. */
  introspect(token: string): Promise<Answer> {
    return this.form("/oauth2/introspect", { token }, this.#apisBasic);
  }

  /** As the operator, with a token that is asked for again when it is not good any more. */
  async operate(path: string, json?: object): Promise<Answer> {
    if (this.#bearer === undefined) {
      const granted = await this.form("/oauth2/token", { grant_type: "client_credentials" }, this.#basic);
      if (granted.status !== 200) return granted;
      this.#bearer = `Bearer ${String(granted.json["access_token"])}`;
    }
    const headers = { authorization: this.#bearer, "content-type": "application/json" };
    const init = json === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(json) };
    const answer = await this.#send(path, init);
    if (answer.status === 401) this.#bearer = undefined;
    return answer;
  }

  /** Again and again while the answer is "later"; also when the operator's token has ended with an epoch. */
  async untilAnswered(asked: () => Promise<Answer>): Promise<Answer> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await asked();
      if (![0, 401, 503].includes(answer.status) || performance.now() > end) return answer;
      await wait(AGAIN_MS);
    }
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    try {
      const response = await fetch(`${this.#url}${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
      const json = (await response.json()) as Answer["json"];
      return { status: response.status, json, retryAfter: response.headers.get("retry-after") };
    } catch {
      return { status: 0, json: {}, retryAfter: null };
    }
  }
}

export function tokensIn({ json }: Answer): Tokens {
  const session = json["session"] as { readonly id: string } | undefined;
  return { sid: session?.id ?? "", access: String(json["access_token"]), refresh: String(json["refresh_token"]) };
}
