// What a revocation by query costs those who refresh meanwhile, and how long it takes.
//   npm run bench -- --only revoke-query [--sessions 100000] [--meant 10000, of them] [--rounds 3] [--quick]
// A server on SQLite in a process of its own; 8 clients refresh, one request each under way, from this one. Refreshes for
// as long before as the run took, and those during it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { quantile } from "../measured.ts";
import { type Said, sayResult } from "../result.ts";

const { values } = parseArgs({
  options: {
    sessions: { type: "string" },
    meant: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const sessions = values.sessions ?? (values.quick ? "10000" : "100000");
const matching = values.meant ?? (values.quick ? "1000" : "10000");
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const HOLDERS = 8;

interface Sample {
  readonly at: number;
  readonly ms: number;
}

interface Served {
  readonly url: string;
  readonly operator: string;
  readonly tokens: readonly string[];
}

interface Round {
  readonly seconds: number;
  readonly before: readonly Sample[];
  readonly during: readonly Sample[];
}

const done: Round[] = [];
for (let round = 0; round < rounds; round += 1) done.push(await measure());
const of = (which: "before" | "during"): Said["rows"][number]["figures"] => ({
  "refreshes per second": done.map(({ [which]: some, seconds }) => some.length / seconds),
  "p50 ms": done.map(({ [which]: some }) => waited(some, 0.5)),
  "p99 ms": done.map(({ [which]: some }) => waited(some, 0.99)),
});
const perSecond = done.map(({ seconds }) => Number(matching) / seconds);
sayResult({
  id: "revoke-query",
  title: `${Number(matching).toLocaleString("en")} of ${Number(sessions).toLocaleString("en")} sessions are revoked by one query, and who refreshes meanwhile`,
  of: "",
  rows: [
    { name: "before it", figures: of("before") },
    { name: "meanwhile", figures: { ...of("during"), "sessions ended per second": perSecond } },
  ],
});

async function measure(): Promise<Round> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-bench-"));
  const args = ["--conditions=hallpass-source", join(import.meta.dirname, "server.ts")];
  const child = spawn(process.execPath, [...args, data, sessions, matching, String(HOLDERS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const line = await new Promise<string>((resolve) => createInterface(child.stdout).once("line", resolve));
    return await against(JSON.parse(line) as Served);
  } finally {
    child.kill();
    await new Promise((resolve) => child.once("exit", resolve));
    rmSync(data, { recursive: true });
  }
}

async function against({ url, operator, tokens }: Served): Promise<Round> {
  const samples: Sample[] = [];
  const state = { bad: 0, over: false };
  const holders = tokens.map((token) => refreshing(url, token, samples, state));
  await until(() => samples.length >= 4000);
  const basic = `Basic ${Buffer.from(operator).toString("base64")}`;
  const form = { grant_type: "client_credentials" };
  const granted = await post(`${url}/oauth2/token`, new URLSearchParams(form), { authorization: basic });
  const authorization = `Bearer ${String(granted["access_token"])}`;
  const began = performance.now();
  let receipt = await post(
    `${url}/v1/revocations`,
    JSON.stringify({ targets: [{ type: "query", query: { ip: "203.0.113.0/24" } }], wait_ms: 30_000 }),
    { authorization, "content-type": "application/json" },
  );
  while (receipt["status"] === "running") {
    const path = `${url}/v1/revocations/${String(receipt["id"])}?wait_ms=30000`;
    receipt = (await (await fetch(path, { headers: { authorization } })).json()) as Record<string, unknown>;
  }
  const ended = performance.now();
  await until(() => performance.now() > ended + 200);
  state.over = true;
  await Promise.all(holders);
  if (receipt["ended_sessions"] !== Number(matching)) throw new Error(`not what was meant: ${JSON.stringify(receipt)}`);
  const took = ended - began;
  const before = samples.filter(({ at }) => at < began && at > began - took);
  const during = samples.filter(({ at }) => at >= began && at < ended);
  if (state.bad > 0) throw new Error(`${state.bad} refreshes were refused`);
  return { seconds: took / 1000, before, during };
}

async function refreshing(
  url: string,
  first: string,
  samples: Sample[],
  state: { bad: number; readonly over: boolean },
): Promise<void> {
  let token = first;
  for (;;) {
    if (state.over) return;
    const at = performance.now();
    const form = { grant_type: "refresh_token", client_id: "demo", refresh_token: token };
    const answer = await post(`${url}/oauth2/token`, new URLSearchParams(form), {});
    samples.push({ at, ms: performance.now() - at });
    if (typeof answer["refresh_token"] === "string") token = answer["refresh_token"];
    else state.bad += 1;
  }
}

async function post(
  url: string,
  body: string | URLSearchParams,
  headers: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  return (await (await fetch(url, { method: "POST", body, headers })).json()) as Record<string, unknown>;
}

function waited(samples: readonly Sample[], share: number): number {
  return quantile(
    samples.map(({ ms }) => ms),
    share,
  );
}

async function until(isMet: () => boolean): Promise<void> {
  for (;;) {
    if (isMet()) return;
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}
