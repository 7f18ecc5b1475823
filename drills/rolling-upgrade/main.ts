// `node --conditions=hallpass-source drills/rolling-upgrade/main.ts [--sessions 1000] [--every 6000] [--rest 4000]`
// Two nodes behind HAProxy, one PostgreSQL, verifiers of both releases, sessions that refresh. The nodes are of the previous release; they
// are replaced by this one, one by one, back and forth, and the signing key is rotated at every step. Nobody may be logged out, whoever asks
// once more has to be answered, no token may be refused that was not revoked, and one that was has to be refused by every verifier. In the
// end both nodes stop at once, which has to show: a load that never fails proves nothing. Exits with 1 otherwise.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort, startPostgres } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { type Operator, operatorOf } from "../nodes/operator.ts";
import { refreshing } from "../nodes/refreshing.ts";
import { type ServingProcess, servingProcess, until } from "../nodes/serving-process.ts";
import { proxyTo } from "./proxy.ts";
import { previousRelease, type Release, thisRelease } from "./releases.ts";
import { verifying } from "./verifying.ts";

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "1000" },
    every: { type: "string", default: "6000" },
    rest: { type: "string", default: "4000" },
  },
});
const rest = Number(values.rest);
const problems: string[] = [];
const shown = { figure: "nothing", control: "nothing" };
const began = performance.now();
function said(text: string): void {
  console.error(`[${((performance.now() - began) / 1000).toFixed(1)} s] ${text}`);
}
function expect(holds: boolean, what: string): void {
  said(`${holds ? "ok" : "NOT"}: ${what}`);
  if (!holds) problems.push(what);
}

const directory = mkdtempSync(join(tmpdir(), "hallpass-upgrade-"));
mkdirSync(join(directory, "previous"));
const previous = previousRelease(join(directory, "previous"));
const database = await startPostgres();
const ports = { a: await freePort(), b: await freePort() };
const front = await freePort();
const proxy = await proxyTo(directory, { front, stats: await freePort(), nodes: ports });
const running = new Map<"a" | "b", ServingProcess>();
const verifiers: ServingProcess[] = [];

const environment = (name: "a" | "b"): Record<string, string> => ({
  HALLPASS_DEVELOPMENT: "true",
  HALLPASS_DATA: join(directory, name),
  HALLPASS_LISTEN: `127.0.0.1:${ports[name]}`,
  HALLPASS_ISSUER: proxy.url,
  HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
  HALLPASS_STORE: database.url,
});

async function start(name: "a" | "b", release: Release): Promise<void> {
  running.set(name, await servingProcess(release.node, [], environment(name)));
  await until(`HAProxy sends to ${name}`, 20, async () => (await proxy.stateOf(name)).startsWith("UP"));
}

async function replace(name: "a" | "b", release: Release): Promise<void> {
  const code = await running.get(name)?.end("SIGTERM");
  if (code !== 0) expect(false, `node ${name} drained: ${code}`);
  await start(name, release);
  said(`node ${name} is ${release.name}`);
  await wait(rest);
}

async function rotate(operator: Operator): Promise<void> {
  const { active } = await operator.call(proxy.url, "/v1/keys/rotate", { force: true, wait_ms: 2000 });
  said(`the key was rotated: ${String(active).slice(0, 8)}`);
  await wait(rest / 2);
}

async function verifier(name: string, release: Release, operator: Operator): Promise<void> {
  const env = {
    ISSUER: proxy.url,
    AUDIENCE: "http://localhost:8027",
    CREDENTIALS: operator.demoApi,
    INSTANCE: name,
    M: "60000",
  };
  verifiers.push(await servingProcess(release.verifier, [], env));
}

async function play(): Promise<void> {
  await start("a", previous);
  await start("b", previous);
  said(`two nodes of ${previous.name} behind HAProxy`);
  const env = { ...process.env, ...environment("a") };
  const cli = join(import.meta.dirname, "../../apps/cli/src/main.ts");
  execFileSync(process.execPath, ["--conditions=hallpass-source", cli, "migrate"], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  said("hallpass migrate of this release ran beside them");
  const operator = operatorOf(join(directory, "a"));
  await verifier("previous", previous, operator);
  for (const name of ["one", "other"]) await verifier(name, thisRelease, operator);
  const load = refreshing(proxy.url, operator, Number(values.sessions), Number(values.every));
  await load.began;
  said(
    `${values.sessions} sessions refresh, each every ${Number(values.every) / 1000} s; 3 verifiers, one of them of ${previous.name}`,
  );
  const verdicts = verifying(verifiers, load.access);

  const steps: readonly (readonly ["a" | "b", Release])[] = [
    ["a", thisRelease],
    ["b", thisRelease],
    ["b", previous],
    ["a", thisRelease],
    ["b", thisRelease],
  ];
  for (const [name, release] of steps) {
    await rotate(operator);
    await replace(name, release);
  }
  await wait(rest);
  const doomed = await operator.open(proxy.url, "doomed");
  expect(
    (await verdicts.of(doomed.access)).every(({ kind }) => kind === "accepted"),
    "a fresh token is accepted by all",
  );
  const { fleet } = await operator.call(proxy.url, "/v1/revocations", {
    targets: [{ type: "session", sid: doomed.sid }],
    wait_ms: 10_000,
  });
  said(`a session is revoked: ${JSON.stringify(fleet)}`);
  expect(
    (await verdicts.of(doomed.access)).every(({ kind }) => kind === "rejected"),
    "what is revoked, all refuse",
  );

  const judged = await verdicts.stop();
  const refreshed = await load.stop();
  const { refreshes, retried, errors, loggedOut, codes } = refreshed;
  shown.figure = `${values.sessions} sessions, ${steps.length} nodes replaced, ${steps.length} rotations: ${refreshes} refreshes, ${retried} asked once more, ${errors} errors after that, ${loggedOut} logged out; ${judged.refused} of ${judged.accepted + judged.refused} live tokens refused`;
  console.log(shown.figure);
  if (codes.size > 0)
    console.log(`what was no success: ${[...codes].map(([code, count]) => `${count} × ${code}`).join("; ")}`);
  console.log(
    `${judged.accepted} verdicts accepted, ${judged.refused} live tokens refused, ${judged.unavailable} unavailable`,
  );
  expect(loggedOut === 0, "nobody was logged out");
  expect(errors === 0, "whoever asked once more was answered");
  expect(judged.refused === 0, `no live token was refused ${[...judged.codes].join(", ")}`);
  expect(refreshes >= Number(values.sessions) && judged.accepted > 100, "and there was something to do");

  const control = refreshing(proxy.url, operator, 20, 100);
  await control.began;
  await Promise.all([...running.values()].map((node) => node.end("SIGTERM")));
  await wait(4000);
  const { errors: failed } = await control.stop();
  shown.control = `both nodes stopped at once: ${failed} errors after asking once more`;
  expect(failed > 0, `both nodes stopped at once shows: ${failed} errors after one retry`);
}

try {
  await play();
} catch (error) {
  for (const one of [...running.values(), ...verifiers]) console.error(one.output().slice(-3000));
  throw error;
} finally {
  await Promise.all([...running.values(), ...verifiers].map((one) => one.end()));
  await proxy.stop();
  await database.stop();
  rmSync(directory, { recursive: true, force: true });
}
sayProof({
  id: "rolling-upgrade",
  promise: "P6 P9",
  ...shown,
  seeds: "none",
  notShown: ["what the previous release depends on besides itself: it is of today's versions"],
  passed: problems.length === 0,
});
