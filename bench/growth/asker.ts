// What a node is asked, one request after another on a connection that stays, and how long each took.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";

/** Milliseconds after which the operator asks for another token. */
const TOKEN_MS = 120_000;

export interface Member {
  readonly id: string;
  readonly refresh: string;
}

export class Asker {
  readonly #url: string;
  readonly #basic: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #bearer = { text: "", until: 0 };

  constructor(url: string, data: string) {
    this.#url = url;
    this.#basic = Buffer.from(readFileSync(join(data, "operator-credentials"), "utf8").trim()).toString("base64");
  }

  /** Milliseconds. Each rejects for any other answer than the one that it is about. */
  open(subject: string): Promise<number> {
    return this.#operate("POST", "/v1/sessions", 201, { subject, client_id: "demo" });
  }

  async refresh({ refresh }: Member): Promise<number> {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: refresh });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return (await this.#send("POST", "/oauth2/token", 200, headers, form.toString())).ms;
  }

  lookUp({ id }: Member): Promise<number> {
    return this.#operate("GET", `/v1/sessions/${id}`, 200);
  }

  revoke({ id }: Member): Promise<number> {
    return this.#operate("POST", "/v1/revocations", 201, { targets: [{ type: "session", sid: id }] });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #operate(method: string, path: string, status: number, json?: object): Promise<number> {
    const headers = { authorization: await this.#authorization(), "content-type": "application/json" };
    return (await this.#send(method, path, status, headers, json === undefined ? "" : JSON.stringify(json))).ms;
  }

  async #authorization(): Promise<string> {
    if (performance.now() > this.#bearer.until) {
      const headers = { authorization: `Basic ${this.#basic}`, "content-type": "application/x-www-form-urlencoded" };
      const { text } = await this.#send("POST", "/oauth2/token", 200, headers, "grant_type=client_credentials");
      const { access_token: token } = JSON.parse(text) as { readonly access_token: string };
      this.#bearer = { text: `Bearer ${token}`, until: performance.now() + TOKEN_MS };
    }
    return this.#bearer.text;
  }

  #send(
    method: string,
    path: string,
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<{ readonly ms: number; readonly text: string }> {
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#url}${path}`, { method, agent: this.#agent, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("error", reject);
        response.on("end", () => {
          const ms = performance.now() - began;
          if (response.statusCode === status) resolve({ ms, text });
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}
