// Who asks a server day and night: people who sign in, refresh and go in every way there is, an operator who looks, keys that are rotated,
// and verifiers that come and go. What is answered otherwise than it has to be is written down.

import { setTimeout as wait } from "node:timers/promises";
import { createVerifier, type Verifier } from "@hallpass/verifier";

export interface Tally {
  requests: number;
  sessions: number;
  keys: number;
  joined: number;
  loggedOut: number;
  readonly wrong: string[];
  /** Of refreshes, in milliseconds, each with its time. */
  readonly refreshed: { readonly at: number; readonly ms: number }[];
}

export interface Place {
  readonly url: string;
  readonly operator: string;
  readonly api: string;
}

interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

const SUBJECTS_EACH = 5;
const REFRESHES = 3;
const REST_MS = 100;
const EVERY_MS = 1000;
const BEARER_MS = 1500;
const COMING_AND_GOING = 4;
const MOST_SAID = 20;

/** Until `over` says so; whatever is under way then is ended first. The tally is kept as it goes. */
export function live(
  place: Place,
  people: number,
  over: () => boolean,
): { readonly tally: Tally; readonly ended: Promise<void> } {
  const tally: Tally = { requests: 0, sessions: 0, keys: 0, joined: 0, loggedOut: 0, wrong: [], refreshed: [] };
  const town = new Town(place, tally);
  const living = async (): Promise<void> => {
    await town.begin();
    const lives = Array.from({ length: people }, (_, n) => town.person(n, over));
    await Promise.all([...lives, town.operator(over), town.comeAndGo(over)]);
    town.end();
  };
  return { tally, ended: living() };
}

class Town {
  readonly #place: Place;
  readonly #tally: Tally;
  readonly #standing: Verifier;
  #bearer = { text: "", until: 0 };

  constructor(place: Place, tally: Tally) {
    this.#place = place;
    this.#tally = tally;
    this.#standing = this.#verifier("standing");
  }

  async begin(): Promise<void> {
    const policy = {
      from: "consumer",
      access_lifetime_s: 3,
      idle_s: 30,
      absolute_s: 40,
      retry_window_s: 20,
      recovery_window_s: 20,
      remembered: null,
    };
    await this.#must(201, "POST", "/v1/policies/short/versions", policy);
    await this.#must(200, "PATCH", "/v1/clients/demo", { policy: "short" });
    await this.#standing.ready();
  }

  end(): void {
    this.#standing.close();
  }

  async person(n: number, over: () => boolean): Promise<void> {
    for (let turn = 0; !over(); turn += 1) {
      const key = { "idempotency-key": `${n}-${turn}` };
      const body = {
        subject: `p-${n}-${turn % SUBJECTS_EACH}`,
        client_id: "demo",
        issue: ["access", "refresh", "session_token"],
      };
      const opened = await this.#must(201, "POST", "/v1/sessions", body, key);
      if (turn % 4 === 0) await this.#must(200, "POST", "/v1/sessions", body, key);
      const { id: sid } = (opened["session"] ?? {}) as { readonly id?: string };
      this.#tally.sessions += 1;
      let [token, access] = [String(opened["refresh_token"]), String(opened["access_token"])];
      for (let times = 0; times < REFRESHES; times += 1) {
        await wait(REST_MS);
        await this.#accepted(access);
        const shown = token;
        ({ token, access } = await this.#refresh(shown));
        // An answer that was lost: asked once more.
        if (turn % 5 === 0) ({ token, access } = await this.#refresh(shown));
      }
      await this.#must(200, "POST", "/v1/introspections", { tokens: [access, String(opened["session_token"])] });
      await this.#leave(turn % 4, String(sid), token);
    }
  }

  async #leave(way: number, sid: string, token: string): Promise<void> {
    if (way === 0) await this.#must(201, "POST", "/v1/revocations", { targets: [{ type: "session", sid }] });
    else if (way === 1) await this.#must(200, "POST", `/v1/sessions/${sid}/end`, {});
    else if (way === 2) {
      const { status } = await this.#form("/oauth2/revoke", { token });
      if (status !== 200) this.#wrong(`/oauth2/revoke: ${status}`);
    } else return;
    const { status } = await this.#form("/oauth2/token", { grant_type: "refresh_token", refresh_token: token });
    if (status !== 400) this.#wrong(`a session that is over was refreshed: ${status}`);
  }

  async operator(over: () => boolean): Promise<void> {
    for (let turn = 0; !over(); turn += 1) {
      await wait(EVERY_MS);
      for (const path of [
        "/v1/log?limit=20",
        "/v1/keys",
        "/v1/revocations",
        "/v1/verifiers",
        "/.well-known/oauth-authorization-server",
      ])
        await this.#must(200, "GET", path);
      await this.#must(200, "POST", "/v1/sessions/search", { subject: "p-0-0" });
      await this.#text("/metrics");
      const refused = await this.#ask("/v1/keys", { headers: { authorization: "Bearer nobody" } });
      if (refused.status !== 401) this.#wrong(`a bearer of nobody: ${refused.status}`);
      if (turn % 3 !== 0) continue;
      await this.#must(200, "POST", "/v1/keys/rotate", { force: true });
      this.#tally.keys += 1;
    }
  }

  async comeAndGo(over: () => boolean): Promise<void> {
    for (let turn = 0; !over(); turn += 1) {
      const verifier = this.#verifier(`passing-${turn % COMING_AND_GOING}`);
      await verifier.ready();
      await wait(EVERY_MS);
      verifier.close();
      this.#tally.joined += 1;
    }
  }

  #verifier(instance: string): Verifier {
    const [clientId = "", clientSecret = ""] = this.#place.api.split(":");
    const about = { issuer: this.#place.url, audience: "http://localhost:8027", service: "api", instance };
    return createVerifier({ ...about, credentials: { clientId, clientSecret } });
  }

  async #accepted(access: string): Promise<void> {
    const verdict = await this.#standing.verify(access);
    if (verdict.kind !== "accepted") this.#wrong(`a live token: ${verdict.kind} ${verdict.code}`);
  }

  async #refresh(token: string): Promise<{ readonly token: string; readonly access: string }> {
    const began = performance.now();
    const { status, json } = await this.#form("/oauth2/token", { grant_type: "refresh_token", refresh_token: token });
    this.#tally.refreshed.push({ at: began, ms: performance.now() - began });
    if (status === 400) this.#tally.loggedOut += 1;
    if (status !== 200) this.#wrong(`a refresh: ${status} ${String(json["error"])}`);
    return { token: String(json["refresh_token"]), access: String(json["access_token"]) };
  }

  #form(path: string, members: Readonly<Record<string, string>>): Promise<Answer> {
    return this.#ask(path, { method: "POST", body: new URLSearchParams({ client_id: "demo", ...members }) });
  }

  async #must(status: number, method: string, path: string, body?: object, more: object = {}): Promise<Answer["json"]> {
    const headers = { authorization: `Bearer ${await this.#operator()}`, ...more };
    const init =
      body === undefined
        ? { method, headers }
        : { method, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await this.#ask(path, init);
    if (answer.status !== status) this.#wrong(`${method} ${path}: ${answer.status} ${String(answer.json["code"])}`);
    return answer.json;
  }

  async #operator(): Promise<string> {
    if (performance.now() < this.#bearer.until) return this.#bearer.text;
    const until = performance.now() + BEARER_MS;
    const authorization = `Basic ${Buffer.from(this.#place.operator).toString("base64")}`;
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const { json } = await this.#ask("/oauth2/token", { method: "POST", headers: { authorization }, body });
    this.#bearer = { text: String(json["access_token"]), until };
    return this.#bearer.text;
  }

  async #text(path: string): Promise<void> {
    const answer = await fetch(`${this.#place.url}${path}`, {
      headers: { authorization: `Bearer ${await this.#operator()}` },
    });
    await answer.text();
    this.#tally.requests += 1;
    if (!answer.ok) this.#wrong(`${path}: ${answer.status}`);
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const answer = await fetch(`${this.#place.url}${path}`, init);
    const text = await answer.text();
    this.#tally.requests += 1;
    return { status: answer.status, json: text === "" ? {} : (JSON.parse(text) as Answer["json"]) };
  }

  #wrong(text: string): void {
    if (this.#tally.wrong.length < MOST_SAID) this.#tally.wrong.push(text);
  }
}
