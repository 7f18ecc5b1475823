// `node --conditions=hallpass-source drills/paused/main.ts [--revocations 100]`
// Two nodes on one PostgreSQL, a verifier at each, all of them processes of their own. A verifier is stopped, a node is killed, a node is
// stopped between what it read and what it answers. No receipt may say that somebody refuses who can still accept, and no node may vouch
// for what it read before it stood still. Exits with 1 otherwise.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { ask, type Operator, operatorOf } from "../nodes/operator.ts";
import { isStopped, type ServingProcess, servingProcess, until } from "../nodes/serving-process.ts";
import { switchOn } from "../nodes/switch.ts";

const { values } = parseArgs({ options: { revocations: { type: "string", default: "100" } } });
const M = 5000;
const NODE = join(import.meta.dirname, "node.ts");
const VERIFIER = join(import.meta.dirname, "../nodes/verifying-process.ts");
const AUDIENCE = "http://localhost:8027";

interface Counted {
  readonly id: string;
  readonly committed_at_ms: number;
  readonly as_of_ms: number;
  readonly enforced_by_ms: number;
  readonly fleet: { readonly verifiers: number; readonly enforced: number };
  readonly services: readonly {
    readonly silent: readonly { readonly instance: string; readonly refuses_by_ms: number }[];
  }[];
}

const problems: string[] = [];
let measured = "nothing";
let acceptedBeyond = "nothing";
function expect(holds: boolean, what: string): void {
  console.error(`${holds ? "ok" : "NOT"}: ${what}`);
  if (!holds) problems.push(what);
}

const directory = mkdtempSync(join(tmpdir(), "hallpass-paused-"));
const database = await startPostgres();
const front = await switchOn();
const processes: ServingProcess[] = [];

async function node(name: string): Promise<ServingProcess> {
  const started = await servingProcess(NODE, [], {
    HALLPASS_DEVELOPMENT: "true",
    HALLPASS_DATA: join(directory, name),
    HALLPASS_LISTEN: "127.0.0.1:0",
    HALLPASS_ISSUER: front.url,
    HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
    HALLPASS_STORE: database.url,
    HALLPASS_LOG_LEVEL: "info",
  });
  processes.push(started);
  return started;
}

async function verifier(instance: string, at: ServingProcess, operator: Operator): Promise<ServingProcess> {
  front.choose(at.url);
  const env = { ISSUER: front.url, AUDIENCE, CREDENTIALS: operator.demoApi, INSTANCE: instance, M: String(M) };
  const started = await servingProcess(VERIFIER, [], env);
  processes.push(started);
  return started;
}

async function verdictOf(at: ServingProcess, token: string): Promise<string> {
  return String((await ask(at.url, { method: "POST", body: token })).json["kind"]);
}

async function play(): Promise<void> {
  const a = await node("a");
  const b = await node("b");
  const operator = operatorOf(join(directory, "a"));
  const near = await verifier("near", a, operator);
  const far = await verifier("far", b, operator);
  const revoke = async (sid: string, wait_ms = 0): Promise<Counted> =>
    (await operator.call(a.url, "/v1/revocations", {
      targets: [{ type: "session", sid }],
      wait_ms,
    })) as unknown as Counted;
  const again = async ({ id }: Counted): Promise<Counted> =>
    (await operator.call(a.url, `/v1/revocations/${id}`)) as unknown as Counted;

  const times: number[] = [];
  let early = 0;
  for (let count = 0; count < Number(values.revocations); count += 1) {
    const { sid, access } = await operator.open(b.url, `u-${count}`);
    const began = performance.now();
    const { fleet } = await revoke(sid, 5000);
    times.push(performance.now() - began);
    if (fleet.enforced !== 2) early += 1;
    if ((await verdictOf(far, access)) === "accepted" || (await verdictOf(near, access)) === "accepted") early += 1;
  }
  times.sort((one, other) => one - other);
  const at = (share: number): string => `${(times[Math.ceil(times.length * share) - 1] ?? 0).toFixed(0)} ms`;
  measured = `${times.length} receipts of one node that the verifier of the other enforces, p50 ${at(0.5)}, p99 ${at(0.99)}`;
  console.log(
    `receipt of one node that the verifier of the other enforces: p50 ${at(0.5)}, p99 ${at(0.99)} (${times.length} revocations)`,
  );
  expect(early === 0, "each wait ended with both verifiers, and both refused");

  far.stop();
  const first = await operator.open(a.url, "stopped");
  const waited = await revoke(first.sid, 500);
  const here = Date.now();
  const silent = waited.services.flatMap((service) => service.silent);
  expect(waited.fleet.enforced === 1 && silent[0]?.instance === "far", "a verifier that is stopped is named");
  const bound = silent[0]?.refuses_by_ms ?? 0;
  // The commit was shown after its own time, and before the receipt was here.
  const isBound = bound >= waited.committed_at_ms + M && bound <= here + M;
  expect(isBound, "with its bound: M after the commit was shown");
  let read = waited;
  while (read.fleet.enforced < 2) read = await again(read);
  expect(read.as_of_ms >= bound, "and is enforced at its bound, not before");
  far.goOn();
  expect((await verdictOf(far, first.access)) !== "accepted", "when it goes on, it refuses");

  const second = await operator.open(a.url, "orphan");
  await until("the verifier is fresh again", 20, async () => (await verdictOf(far, second.access)) === "accepted");
  front.choose("http://127.0.0.1:1");
  await b.end();
  const orphaned = await revoke(second.sid);
  const accepts = await verdictOf(far, second.access);
  acceptedBeyond = accepts;
  expect(accepts === "accepted", "a verifier whose node was killed accepts what it does not know of yet");
  expect(
    (await again(orphaned)).fleet.enforced < 2,
    "and no receipt calls it enforced meanwhile: one that did would be wrong here",
  );
  front.choose(a.url);
  await until(
    "the orphan is counted at the other node",
    M / 1000 + 20,
    async () => (await again(orphaned)).fleet.enforced === 2,
  );
  expect((await verdictOf(far, second.access)) !== "accepted", "it has moved, is counted once, and refuses");

  const c = await node("c");
  const third = await operator.open(a.url, "vouched");
  const form = new URLSearchParams({ token: third.access });
  const headers = { authorization: `Basic ${Buffer.from(operator.demoApi).toString("base64")}` };
  const introspect = (): Promise<{ readonly status: number; readonly json: object }> =>
    ask(`${c.url}/oauth2/introspect`, { method: "POST", headers, body: form });
  expect(JSON.stringify((await introspect()).json).includes('"active":true'), "a node vouches for a live token");
  process.kill(c.pid, "SIGUSR2");
  await until("the node was asked", 5, () => c.output().includes("asked to stop"));
  const standing = introspect();
  await until("it stands still after it has read", 5, () => isStopped(c.pid));
  const queued = introspect();
  await revoke(third.sid);
  await wait(11_000);
  c.goOn();
  const { status, json } = await standing;
  expect(
    status === 503 && JSON.stringify(json).includes("stalled"),
    `it does not vouch for what it read before: ${status}`,
  );
  const late = await queued;
  expect(!JSON.stringify(late.json).includes('"active":true'), `nor what waited in its socket: ${late.status}`);
  await until(
    "it answers by what is true now",
    10,
    async () => JSON.stringify((await introspect()).json) === '{"active":false}',
  );
}

try {
  await play();
} catch (error) {
  for (const one of processes) console.error(one.output().slice(-4000));
  throw error;
} finally {
  await Promise.all(processes.map((one) => one.end()));
  front.close();
  await database.stop();
  rmSync(directory, { recursive: true, force: true });
}
console.log(
  problems.length === 0 ? "no receipt was early, no node vouched for what was old" : `${problems.length} broken`,
);
sayProof({
  id: "paused",
  promise: "P2",
  figure: `${measured}; a verifier stopped, a node killed, a node stopped between read and answer: ${problems.length} receipts or answers too early`,
  control: `a verifier whose node was killed answered "${acceptedBeyond}" for what was revoked: a receipt that counted it then would have been wrong`,
  seeds: "none",
  notShown: ["machines that stand still as a whole"],
  passed: problems.length === 0,
});
