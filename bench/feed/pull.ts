// What a function waits for that has just started: from `createVerifier` to the first verdict, while many notices live.
//   node --conditions=hallpass-source bench/feed/pull.ts [notices, default 10000] [starts in a process, default 200] [processes, default 20]
// The real server on SQLite in this process, functions in another, HTTP on the loopback: a bearer, one pull, a signature.

import { fork } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, startServer } from "@hallpass/server";
import type { Span } from "./pulling.ts";

const [notices = 10_000, starts = 200, processes = 20] = process.argv.slice(2).map(Number);
const CHANGE = 1000;

const data = mkdtempSync(join(tmpdir(), "hallpass-bench-"));
const port = await freePort();
const over = { development: "true", data, listen: `127.0.0.1:${port}`, issuer: `http://127.0.0.1:${port}` };
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("; "));
const server = await startServer(loaded.config, { logTo: { write: () => {} } });
const { store, tenant, issuer } = server.services;
for (let made = 0; made < notices; made += CHANGE) {
  const drafts = Array.from({ length: Math.min(CHANGE, notices - made) }, () => ({
    tenant,
    mark: randomBytes(8).toString("base64url"),
    body: JSON.stringify({ kind: "session", sid: randomUUID() }),
    livesMs: 3_600_000,
  }));
  await store.commit([{ attempt: randomBytes(8).toString("base64url"), rows: [], notices: drafts, facts: [] }]);
}
const [id = "", secret = ""] = readFileSync(join(data, "demo-api-credentials"), "utf8").trim().split(":");
const access = await session();

const warm = await spansOf(starts);
const [cold, floor]: [Span[], Span[]] = [[], []];
// In turns, so that what else the machine does falls on both.
for (let count = 0; count < processes; count += 1) {
  cold.push(...(await spansOf(1)));
  floor.push(...(await spansIn("asking.ts", [issuer.url, id, secret])));
}
console.log(`${notices} notices`);
console.log(`a new verifier in a process that has run: ${show(warm.slice(Math.floor(starts / 4)))} (${starts} starts)`);
console.log(`the first verifier of a new process: ${show(cold)} (${processes} processes)`);
console.log(`  the same from the start of the process: ${line(cold.map(({ sinceStart }) => sinceStart))}`);
console.log(`  the floor, the two questions alone in a new process: ${show(floor)}`);
console.log(`load ${loadavg()[0]?.toFixed(1)}`);
await server.close();
rmSync(data, { recursive: true });

function spansOf(count: number): Promise<readonly Span[]> {
  return spansIn("pulling.ts", [issuer.url, id, secret, access, String(count)]);
}

async function spansIn(program: string, given: readonly string[]): Promise<readonly Span[]> {
  const child = fork(join(import.meta.dirname, program), given);
  const [spans] = (await once(child, "message")) as [readonly Span[]];
  child.disconnect();
  await once(child, "exit");
  return spans;
}

async function session(): Promise<string> {
  const operator = readFileSync(join(data, "operator-credentials"), "utf8").trim();
  const bearer = await post("/oauth2/token", {
    headers: { authorization: `Basic ${Buffer.from(operator).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  return post("/v1/sessions", {
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify({ subject: "u-1", client_id: "demo" }),
  });
}

async function post(path: string, init: RequestInit): Promise<string> {
  const response = await fetch(`${issuer.url}${path}`, { method: "POST", ...init });
  const { access_token: token } = (await response.json()) as { readonly access_token?: string };
  if (token === undefined) throw new Error(`${path} answered ${response.status}`);
  return token;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, "127.0.0.1"), "listening");
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("there is no free port");
  return address.port;
}

function show(spans: readonly Span[]): string {
  return `${line(spans.map(({ wall }) => wall))}; of CPU time ${line(spans.map(({ cpu }) => cpu))}`;
}

function line(figures: readonly number[]): string {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms`;
}
