// `worker.ts ACKNOWLEDGED FROM CLIENTS TURNS [--before|--last]`, with the server's configuration in the environment: a whole server and its clients in
// one process, which somebody kills. First it judges, on the store as the kill left it, what had been acknowledged from that byte of the file on,
// and says so in one line of JSON; then so many clients open sessions, rotate each so many times, and revoke every other one, without a pause. With `--before` a client takes a revocation for
// acknowledged while it is still to be asked for: the control. With `--last` it judges every revocation since the beginning once more.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseRefreshToken } from "@hallpass/protocol";
import { loadConfig, startServer } from "@hallpass/server";
import { openAcknowledged, readAcknowledged } from "./acknowledged.ts";

export interface Judged {
  readonly revocations: number;
  readonly rotations: number;
  /** Acknowledged, and not there: sessions. */
  readonly lost: readonly string[];
  /** Of the chains that live: how many could go on with the token that was acknowledged last. */
  readonly continued: number;
}

/** Judged at once. */
const LANES = 16;
const PATIENCE_MS = 30_000;
const KNOWN_WITHIN_MS = 30_000;

const [file = "", from = "0", clients = "8", turns = "2", flag = ""] = process.argv.slice(2);
const loaded = loadConfig({ env: process.env, over: {} });
if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
await startServer(loaded.config);
const url = loaded.config.issuer;
const data = loaded.config.data;
const bearer = await bearerOf(readFileSync(join(data, "operator-credentials"), "utf8").trim());
console.log(JSON.stringify(await judge(Number(from))));

const say = openAcknowledged(file);
await Promise.all(Array.from({ length: Number(clients) }, (_, n) => live(n)));

async function live(n: number): Promise<never> {
  for (let count = 0; ; count += 1) {
    const opened = await post("/v1/sessions", {
      subject: `u-${process.pid}-${n}-${count}`,
      client_id: "demo",
      issue: ["refresh"],
    });
    if (opened.status !== 201) continue;
    const { id: sid } = opened.json["session"] as { readonly id: string };
    let token = String(opened.json["refresh_token"]);
    // Every other one lives on, so that chains are there to be gone on with. Half of the clients begin with one that does not.
    const isDoomed = (count + n) % 2 === 1;
    if (isDoomed && flag === "--before") say(`asks ${sid}\nR ${sid}`);
    for (let turn = 0; turn < Number(turns); turn += 1) {
      const { status, json } = await refresh(token);
      if (status !== 200) continue;
      token = String(json["refresh_token"]);
      say(`T ${sid} ${token}`);
    }
    if (!isDoomed) continue;
    say(`asks ${sid}`);
    const { status } = await post("/v1/revocations", { targets: [{ type: "session", sid }] });
    if (status === 201 && flag !== "--before") say(`R ${sid}`);
  }
}

async function judge(offset: number): Promise<Judged> {
  const { revoked, asked, tokens, rotations } = readAcknowledged(file, offset);
  const lost: string[] = [];
  let continued = 0;
  await eachOf(flag === "--last" ? readAcknowledged(file).revoked : revoked, async (sid) => {
    const state = await stateOf(sid);
    if (state !== "ended") lost.push(`${sid} is not revoked: ${state}`);
  });
  await eachOf(tokens, async ([sid, token]) => {
    if (asked.has(sid)) return;
    // Shown again, it is current or the predecessor of what nobody was told of: nothing else may be.
    const { status, json } = await untilKnown(() => refresh(token));
    const [shown, next] = [token, String(json["refresh_token"])].map(
      (text) => parseRefreshToken(text)?.generation ?? 0,
    );
    if (status === 200 && next === (shown ?? 0) + 1) continued += 1;
    else lost.push(`${sid} was rotated to ${shown}: ${status}, ${next}`);
  });
  return { revocations: revoked.size, rotations, lost, continued };
}

async function eachOf<T>(all: Iterable<T>, judgeOne: (one: T) => Promise<void>): Promise<void> {
  const left = all[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let one = left.next(); one.done !== true; one = left.next()) await judgeOne(one.value);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function stateOf(sid: string): Promise<string> {
  const headers = { authorization: `Bearer ${bearer}` };
  const { status, json } = await untilKnown(() => answered(fetch(`${url}/v1/sessions/${sid}`, { headers })));
  const { state } = json as { readonly state?: string };
  return state ?? String(status);
}

/** 503 says that nobody knows, and when to ask again: a database that has just come back may be slow. */
async function untilKnown(ask: () => Promise<Answered>): Promise<Answered> {
  const until = performance.now() + KNOWN_WITHIN_MS;
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503 || performance.now() > until) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function bearerOf(credentials: string): Promise<string> {
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const answer = await fetch(`${url}/oauth2/token`, { method: "POST", headers: { authorization }, body });
  return String(((await answer.json()) as { readonly access_token?: string }).access_token);
}

interface Answered {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

function refresh(token: string): Promise<Answered> {
  const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: token });
  return answered(fetch(`${url}/oauth2/token`, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE_MS) }));
}

function post(path: string, json: object): Promise<Answered> {
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(json), signal: AbortSignal.timeout(PATIENCE_MS) };
  return answered(fetch(`${url}${path}`, init));
}

/** Status 0 where no answer came. */
async function answered(asked: Promise<Response>): Promise<Answered> {
  try {
    const answer = await asked;
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  } catch {
    return { status: 0, json: {} };
  }
}
