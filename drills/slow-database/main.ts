// `node --conditions=hallpass-source drills/slow-database/main.ts [--clients 48]`
// A node on PostgreSQL, clients that refresh and revoke without a pause, and a database that is slow, silent, cut off, restarted, locked and
// full of others. Every answer has to be a success or a 503 with Retry-After, and has to be there in bounded time; nothing piles up, in the
// node or in the database; the node goes on by itself; and nothing that was acknowledged is lost. Beside it a node whose lease never ends, for
// which the silent database has to be too long. Exits with 1 if any of it is otherwise, and leaves what it saw in a file.
// Of the attacks of spec/attacks.md: [G-10] [G-13] [G-17].

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort, ground, makeCluster, serveCluster, tcpSwitch } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { Client } from "../failover/client.ts";
import { ask } from "../failover/pair.ts";
import { type ServingProcess, servingProcess, until } from "../nodes/serving-process.ts";
import { PatientLoad } from "./patient-load.ts";
import { SCENES, type Scene, SETTINGS, type Stage } from "./scenes.ts";

const NODE = join(import.meta.dirname, "../failover/node.ts");
/** Milliseconds that any answer may take: the lease of 3 s, a statement's five where the database answers, and the machine's own. */
const MOST_MS = 6500;
/** Of a node: ten in its pool, one that looks, and one that takes that one's place. */
const MOST_CONNECTIONS = 12;
const MOST_GROWTH_MB = 150;
const MOST_RECOVERY_MS = 15_000;

interface Seen {
  readonly scene: string;
  readonly answered: number;
  readonly later: number;
  readonly longestMs: number;
  readonly recoveryMs: number;
  readonly connections: number;
  readonly grownMb: number;
}

interface Played {
  readonly seen: readonly Seen[];
  readonly findings: readonly string[];
}

async function play(
  name: string,
  scenes: readonly Scene[],
  clients: number,
  ...args: readonly string[]
): Promise<Played> {
  const on = ground();
  makeCluster(on, "data");
  const server = await serveCluster(on, "data", SETTINGS);
  const { port } = new URL(server.url);
  const between = await tcpSwitch(Number(port));
  const stage: Stage = { on, between, server };
  const data = mkdtempSync(join(tmpdir(), "hallpass-slow-"));
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const node = await servingProcess(NODE, args, {
    HALLPASS_DEVELOPMENT: "true",
    HALLPASS_DATA: data,
    HALLPASS_LISTEN: issuer.slice("http://".length),
    HALLPASS_ISSUER: issuer,
    HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
    HALLPASS_STORE: server.url.replace(`:${port}/`, `:${between.port}/`),
  });
  const client = new Client(issuer, data);
  const load = new PatientLoad(client);
  try {
    const working = [...Array(clients).keys()].map((n) =>
      n % 4 === 3 ? load.revoking(`r-${n}`) : load.refreshing(`u-${n}`),
    );
    await until("the load runs", 20, () => load.answered > clients * 3);
    load.take();
    const memory = memoryOf(node);
    const seen: Seen[] = [];
    for (const scene of scenes) {
      seen.push(await playScene(scene, stage, load, node, memory));
      console.error(`${name}: ${told(seen.at(-1))}`);
    }
    load.stop();
    await Promise.all(working);
    const findings = load.odd.slice(0, 5).map((odd) => `an answer that no client should get: ${odd}`);
    if (load.laterWithoutWhen > 0) findings.push(`${load.laterWithoutWhen} answers of 503 without Retry-After`);
    const lost = await lostOf(client, load);
    if (lost > 0) findings.push(`${lost} sessions were logged out, or live although their revocation was acknowledged`);
    return { seen, findings: [...findings, ...seen.flatMap(judged)] };
  } catch (error) {
    console.error(node.output().slice(-4000));
    throw error;
  } finally {
    load.stop();
    await node.end();
    between.close();
    await stage.server.stop();
    rmSync(on.directory, { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
  }
}

async function playScene(
  scene: Scene,
  stage: Stage,
  load: PatientLoad,
  node: ServingProcess,
  memory: number,
): Promise<Seen> {
  await scene.play(stage);
  const over = performance.now();
  await until(`${scene.name}: it is served again`, 20, () => load.lastSuccess > over);
  const recoveryMs = load.lastSuccess - over;
  // Whoever waited since the fault has an answer now.
  const before = load.take();
  await until("everybody is served again", 20, () => load.answered > load.chains.length * 2);
  const after = load.take();
  const [line] = await ask(
    stage.server.url,
    "SELECT count(*)::int4 AS n FROM pg_stat_activity WHERE application_name = 'hallpass'",
  );
  return {
    scene: scene.name,
    answered: before.answered,
    later: before.later,
    longestMs: Math.max(before.longestMs, after.longestMs),
    recoveryMs,
    connections: Number(line?.["n"]),
    grownMb: memoryOf(node) - memory,
  };
}

function judged({ scene, longestMs, recoveryMs, connections, grownMb }: Seen): readonly string[] {
  return [
    ...(longestMs > MOST_MS ? [`${scene}: an answer took ${(longestMs / 1000).toFixed(1)} s`] : []),
    ...(recoveryMs > MOST_RECOVERY_MS ? [`${scene}: served again only after ${(recoveryMs / 1000).toFixed(1)} s`] : []),
    ...(connections > MOST_CONNECTIONS ? [`${scene}: ${connections} connections were left`] : []),
    ...(grownMb > MOST_GROWTH_MB ? [`${scene}: the node has grown by ${grownMb.toFixed(0)} MB`] : []),
  ];
}

function told(seen: Seen | undefined): string {
  if (seen === undefined) return "";
  const { scene, answered, later, longestMs, recoveryMs, connections, grownMb } = seen;
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  return `${scene}: ${answered} served, ${later} times 503, longest answer ${seconds(longestMs)} s, served again after ${seconds(recoveryMs)} s, ${connections} connections, ${grownMb.toFixed(0)} MB more`;
}

async function lostOf(client: Client, { chains, revoked }: PatientLoad): Promise<number> {
  let lost = 0;
  for (const { token } of chains) {
    const { status } = await client.untilAnswered(() => client.refresh(token));
    if (status !== 200) lost += 1;
  }
  for (const sid of revoked) {
    const { json } = await client.untilAnswered(() => client.operate(`/v1/sessions/${sid}`));
    const { state } = (json["session"] ?? json) as { readonly state?: string };
    if (state !== "ended") lost += 1;
  }
  return lost;
}

/** Megabytes. */
function memoryOf({ pid }: ServingProcess): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

const { values } = parseArgs({ options: { clients: { type: "string", default: "48" } } });
const silent = SCENES.filter(({ name }) => name === "the database says nothing");
const [main, control] = await Promise.all([
  play("with leases", SCENES, Number(values.clients)),
  play("without", silent, 8, "--without-lease"),
]);
for (const seen of main.seen) console.log(told(seen));
const isCaught = control.findings.some((finding) => finding.includes("an answer took"));
console.log(`without a lease: ${told(control.seen[0])}`);
const findings = [
  ...main.findings,
  ...(isCaught ? [] : ["the variant without a lease was not caught: the drill proves nothing"]),
];
let kept: string | undefined;
if (findings.length > 0) {
  const history = join(mkdtempSync(join(tmpdir(), "hallpass-slow-database-")), "history.json");
  writeFileSync(history, JSON.stringify({ findings, main, control }, null, 2));
  for (const finding of findings) console.log(`finding: ${finding}`);
  console.log(`what was seen is in ${history}`);
  kept = history;
}
const total = (of: (seen: Seen) => number): number => main.seen.reduce((sum, seen) => sum + of(seen), 0);
sayProof({
  id: "slow-database",
  promise: "P1 P6 P10",
  figure: `${main.seen.length} kinds of trouble: ${total(({ answered }) => answered)} served, ${total(({ later }) => later)} times 503, longest answer ${(Math.max(...main.seen.map(({ longestMs }) => longestMs)) / 1000).toFixed(1)} s; ${main.findings.length} broken`,
  control: `without a lease: longest answer ${((control.seen[0]?.longestMs ?? 0) / 1000).toFixed(1)} s`,
  seeds: "none",
  notShown: ["a database across a real network"],
  passed: findings.length === 0,
  ...(kept === undefined ? {} : { kept }),
});
