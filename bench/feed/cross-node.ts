// How long a revocation that one node has acknowledged takes to reach verifiers that listen to another node.
//   npm run bench -- --only push-cross-node [--revocations 300] [--verifiers 10] [--clients 8, that refresh] [--quick]
// Two nodes on one core, PostgreSQL and the verifiers (in a process of their own) on the other; the database is started by the run.
// Measured from the answer of the node that revokes to the moment at which `onEnded` is called: by then the verifier refuses the token.
// First with nothing else to do, then beside clients that refresh at both nodes.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { quantile } from "../measured.ts";
import { type Said, sayResult } from "../result.ts";
import { freePort } from "../token/contender.ts";
import { startBenchPostgres } from "../token/databases.ts";
import { startNode } from "../token/hallpass.ts";
import { type Job, startLoad } from "../token/job.ts";

const { values } = parseArgs({
  options: {
    revocations: { type: "string" },
    verifiers: { type: "string", default: "10" },
    clients: { type: "string", default: "8" },
    quick: { type: "boolean", default: false },
  },
});
const revocations = Number(values.revocations ?? (values.quick ? 60 : 300));
const [verifiers, clients] = [Number(values.verifiers), Number(values.clients)];
const WARM_UP = 30;
const rows: Said["rows"][number][] = [];

const postgres = await startBenchPostgres();
if (postgres === undefined) throw new Error("PostgreSQL is not installed: apt-get install postgresql");
const directory = mkdtempSync(join(tmpdir(), "hallpass-bench-"));
const issuer = `http://127.0.0.1:${await freePort()}`;
const revokes = await nodeAt("a", `http://127.0.0.1:${await freePort()}`);
const listens = await nodeAt("b", issuer);
const operator = Buffer.from(readFileSync(join(directory, "a", "operator-credentials"), "utf8").trim());
const bearer = String((await post(revokes, "/oauth2/token", { grant_type: "client_credentials" }))["access_token"]);
const watcher = fork(join(import.meta.dirname, "ending.ts"), [
  issuer,
  readFileSync(join(directory, "a", "demo-api-credentials"), "utf8").trim(),
  String(verifiers),
]);
await once(watcher, "message");
// With an error of its own on stderr: without it nothing can be measured.
watcher.once("exit", (code) => process.exit(code ?? 1));

async function nodeAt(name: string, url: string): Promise<string> {
  const kek = Buffer.alloc(32, 7).toString("base64url");
  const { host } = new URL(url);
  await startNode({ data: join(directory, name), listen: host, issuer, kek, store: postgres?.url ?? "" });
  return url;
}

async function post(node: string, path: string, sent: object): Promise<Readonly<Record<string, unknown>>> {
  const isForm = path === "/oauth2/token";
  const answer = await fetch(`${node}${path}`, {
    method: "POST",
    headers: isForm
      ? { authorization: `Basic ${operator.toString("base64")}` }
      : { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: isForm ? new URLSearchParams({ ...sent }) : JSON.stringify(sent),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Readonly<Record<string, unknown>>;
}

function signIn(): Promise<Readonly<Record<string, unknown>>> {
  return post(revokes, "/v1/sessions", { subject: "u-1", client_id: "demo" });
}

/** Milliseconds from the acknowledgement until each verifier has refused. */
async function revokeOne(): Promise<readonly number[]> {
  const { session, access_token: token } = await signIn();
  const { id: sid } = session as { readonly id: string };
  const watching = once(watcher, "message");
  watcher.send({ token });
  await watching;
  const told = once(watcher, "message");
  await post(revokes, "/v1/revocations", { targets: [{ type: "session", sid }] });
  const acknowledged = process.hrtime.bigint();
  const [{ at }] = (await told) as [{ readonly at: readonly string[] }];
  // What is refused before the answer has arrived counts as at once.
  return at.map((one) => Math.max(0, Number(BigInt(one) - acknowledged) / 1e6));
}

async function passOf(name: string): Promise<void> {
  for (let count = 0; count < WARM_UP; count += 1) await revokeOne();
  const all: number[] = [];
  const last: number[] = [];
  for (let count = 0; count < revocations; count += 1) {
    const spans = await revokeOne();
    all.push(...spans);
    last.push(Math.max(...spans));
    if (count % 100 === 99) process.stderr.write(`${name}: ${count + 1} of ${revocations}\n`);
  }
  rows.push({
    name,
    figures: {
      "refused: p50 ms": [quantile(all, 0.5)],
      "refused: p99 ms": [quantile(all, 0.99)],
      "refused: worst ms": [Math.max(...all)],
      "by the last of them: p50 ms": [quantile(last, 0.5)],
      "by the last of them: p99 ms": [quantile(last, 0.99)],
    },
  });
}

/** Clients of one node that refresh without a pause, in a process of their own, until it is killed. */
async function refreshAt(node: string, connections: number): Promise<ChildProcess> {
  const sessions = await Promise.all(Array.from({ length: connections }, signIn));
  const job: Job = {
    port: Number(new URL(node).port),
    connections,
    seconds: 3600,
    request: {
      method: "POST",
      path: "/oauth2/token",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    },
    lines: [],
    expect: { status: 200, text: "access_token" },
    bodies: {
      kind: "chained",
      body: "grant_type=refresh_token&client_id=demo",
      first: sessions.map((session) => String(session["refresh_token"])),
    },
  };
  return startLoad(job);
}

try {
  await passOf("nothing else to do");
  const each = Math.ceil(clients / 2);
  const others = [await refreshAt(revokes, each), await refreshAt(listens, each)];
  await passOf(`beside ${each} clients at each node that refresh without a pause`);
  for (const other of others) other.kill();
  const title = `${revocations} revocations at one node reach ${verifiers} verifiers of another (PostgreSQL)`;
  sayResult({ id: "push-cross-node", title, of: "", rows });
} finally {
  watcher.removeAllListeners("exit").kill();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}
// The nodes of this process would keep it alive.
process.stdout.write("", () => process.exit());
