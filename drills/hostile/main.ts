// `node --conditions=hallpass-source drills/hostile/main.ts [--seconds 4]`
// Requests that are made to cost as much as they can (attacks.ts), over real sockets, at a server in a process of its own; meanwhile sessions
// are refreshed and revoked. Exits with 1 if its main thread was busy for 50 ms on end in more than one turn of a thousand, if one of them was
// answered otherwise than it may be, if refusing a wrong signature costs three times what a token that is known to be right does, or if a
// refresh or a revocation was not served; and if the same looks do not find a server that stands still now and then. After that the same with
// 128 descriptors and 64 MB of heap, more connections than descriptors, and a look whether anything is missing when they are gone.
// Of the attacks of spec/attacks.md: [E-12] [E-16] [E-19].

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { type Operated, operated, type Session } from "../disk/operated.ts";
import { until } from "../nodes/serving-process.ts";
import { serverTime } from "../overload/server-time.ts";
import { quantile } from "../quantile.ts";
import { wholeNumber } from "../whole-number.ts";
import { type Attack, askOnce, attack, attacksOn, closed } from "./attacks.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "4" } } });
const forMs = wholeNumber(values.seconds) * 1000;
const CONNECTIONS = 16;
const MOST_TURN_MS = 50;
const TIMES_A_KNOWN = 3;
const DESCRIPTORS = 128;
const IDLE = 300;
const ASKED_AGAIN_AFTER_MS = 1000;
const MOST_TIMES_TURNED_AWAY = 20;
const PROGRAM = join(import.meta.dirname, "server.ts");
const broken: string[] = [];
const directories: string[] = [];

interface Stage {
  readonly server: Operated;
  readonly data: string;
  readonly attacks: readonly Attack[];
  readonly sessions: readonly Session[];
  readonly victims: Session[];
}

async function staged(more: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-hostile-"));
  directories.push(data);
  const server = await operated(data, { program: PROGRAM, more, env });
  await server.start();
  const basic = Buffer.from(readFileSync(join(data, "operator-credentials"), "utf8").trim()).toString("base64");
  const attacks = await attacksOn({ port: server.port, bearer: server.bearer(), basic });
  const [first, ...rest] = await server.open(64);
  if (first === undefined) throw new Error("no session was opened");
  return { server, data, attacks, sessions: [first], victims: rest };
}

interface Served {
  refreshes: number;
  revocations: number;
  again: number;
  readonly wrong: string[];
}

/** Refreshes and revokes until `over`; whoever is told to wait comes again. */
async function serve({ server, sessions, victims }: Stage, over: () => boolean): Promise<Served> {
  const served: Served = { refreshes: 0, revocations: 0, again: 0, wrong: [] };
  const patiently = async (ask: () => Promise<number>, wanted: number): Promise<void> => {
    for (let time = 0; time < MOST_TIMES_TURNED_AWAY; time += 1) {
      const status = await ask();
      if (status === wanted) return;
      // Without an answer as well: whoever has no descriptor left hangs up.
      if (status !== 503 && status !== 0) {
        served.wrong.push(`${status} instead of ${wanted}`);
        return;
      }
      served.again += 1;
      await pause(ASKED_AGAIN_AFTER_MS);
    }
    served.wrong.push("turned away for good");
  };
  while (!over()) {
    for (const session of sessions) await patiently(() => server.refresh(session), 200);
    served.refreshes += sessions.length;
    const victim = served.refreshes % 5 === 0 ? victims.pop() : undefined;
    if (victim !== undefined) {
      await patiently(() => server.revoke(victim.sid), 201);
      served.revocations += 1;
    }
    await pause(20);
  }
  return served;
}

const looks = new Map<Stage, number>();

/** What the main thread used between two ticks since the last time it was asked. */
async function turnsOf(stage: Stage): Promise<readonly number[]> {
  const wanted = (looks.get(stage) ?? 0) + 1;
  looks.set(stage, wanted);
  process.kill(stage.server.pid(), "SIGUSR2");
  let turns: readonly number[] = [];
  await until("the turns are written", 60, () => {
    const text = readFileSync(join(stage.data, "turns.json"), "utf8");
    if (!text.endsWith("}")) return false;
    const said = JSON.parse(text) as { readonly looks: number; readonly turns: readonly number[] };
    turns = said.turns;
    return said.looks === wanted;
  });
  return turns;
}

interface Under {
  readonly turns: readonly number[];
  readonly served: Served;
  readonly asked: number;
}

async function underAttack(stage: Stage, ms: number): Promise<Under> {
  await turnsOf(stage);
  const end = performance.now() + ms;
  const over = (): boolean => performance.now() > end;
  const [answered, served] = await Promise.all([
    attack(stage.server.port, stage.attacks, CONNECTIONS, over),
    serve(stage, over),
  ]);
  const turns = await turnsOf(stage);
  let asked = 0;
  for (const [{ name, status }, { statuses }] of answered) {
    const odd = [...statuses.keys()].filter((one) => one !== 0 && one !== 429 && one !== 503 && !status.includes(one));
    if (odd.length > 0) broken.push(`"${name}" was answered with ${odd.join(", ")}`);
    for (const [one, count] of statuses) asked += one === 0 ? 0 : count;
    console.error(`${name}: ${[...statuses].map(([one, count]) => `${count} times ${one}`).join(", ")}`);
  }
  broken.push(...served.wrong.map((one) => `a refresh or a revocation: ${one}`));
  return { turns, served, asked };
}

/** Milliseconds of its main thread that a request took, of many in a row. */
async function costOf({ server }: Stage, request: () => string, wanted: number): Promise<number> {
  const ask = async (count: number): Promise<void> => {
    for (let time = 0; time < count; time += 1) {
      const status = await askOnce(server.port, request());
      if (status !== wanted) throw new Error(`${status} instead of ${wanted}`);
    }
  };
  await ask(300);
  const before = serverTime(server.pid());
  await ask(1000);
  return (serverTime(server.pid()) - before) / 1000;
}

function rounds(count: number): () => boolean {
  let left = count;
  return () => (left -= 1) < 0;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Those that are connected and never say a word. */
async function idle(port: number, count: number): Promise<readonly Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {});
      await Promise.race([closed(socket), new Promise((resolve) => socket.once("connect", resolve))]);
      return socket;
    }),
  );
}

const stage = await staged([]);
const forgedBearer = stage.attacks[0]?.request ?? (() => "");
const known = (): string =>
  `GET /v1/keys HTTP/1.1\r\nhost: 127.0.0.1:${stage.server.port}\r\nauthorization: Bearer ${stage.server.bearer()}\r\n\r\n`;
const [right, wrong] = [await costOf(stage, known, 200), await costOf(stage, forgedBearer, 401)];
const times = wrong / right;
if (times > TIMES_A_KNOWN) broken.push(`a wrong signature costs ${times.toFixed(1)} times what a right one does`);
const { turns, served, asked } = await underAttack(stage, forMs);
await stage.server.kill();
const slowest = quantile(turns, 0.999);
if (slowest >= MOST_TURN_MS) broken.push(`one turn of a thousand took ${slowest.toFixed(1)} ms`);

const planted = await staged(["planted"]);
const still = quantile((await underAttack(planted, forMs)).turns, 0.999);
await planted.server.kill();
if (still < MOST_TURN_MS) broken.push("a server that stands still now and then was not found out");

const small = await staged([], { NODE_OPTIONS: "--max-old-space-size=64" });
const limited = spawnSync("prlimit", ["--pid", String(small.server.pid()), `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`]);
if (limited.status !== 0) throw new Error("prlimit did not limit the server");
const squeezed = await underAttack(small, forMs);
// More than it has descriptors: who is connected is served, and nobody else gets in until those who say nothing are cut.
const waiting = await idle(small.server.port, IDLE);
const isIn = async (): Promise<boolean> =>
  (await askOnce(small.server.port, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")) === 200;
const outside = !(await isIn());
if (!outside) broken.push("there were descriptors left: nothing was shown of a server without");
const crowded = await serve(small, rounds(3));
await until("a stranger gets in again", 60, isIn);
for (const socket of waiting) socket.destroy();
const after = await serve(small, rounds(10));
broken.push(...[...crowded.wrong, ...after.wrong].map((one) => `with ${IDLE} idle connections, or after them: ${one}`));
for (const { sid } of small.sessions) {
  const state = await small.server.stateOf(sid);
  if (state !== "active") broken.push(`a session that lived is ${state}`);
}
await small.server.kill();

for (const directory of directories) rmSync(directory, { recursive: true, force: true });
for (const one of broken) console.log(`broken: ${one}`);
sayProof({
  id: "hostile",
  promise: "P6 P10",
  figure: `${asked} requests that cost as much as they can: of ${turns.length} turns one in a thousand took ${slowest.toFixed(1)} ms of CPU, the longest ${Math.max(...turns).toFixed(1)}; a wrong signature ${times.toFixed(1)} times a known token; meanwhile ${served.refreshes} refreshes and ${served.revocations} revocations, ${served.wrong.length} not served; with ${DESCRIPTORS} descriptors, ${IDLE} idle connections and 64 MB of heap ${squeezed.asked} requests, ${squeezed.served.refreshes + crowded.refreshes + after.refreshes} refreshes, ${crowded.again} of them asked for again, ${squeezed.served.wrong.length + crowded.wrong.length + after.wrong.length} not served`,
  control: `of a server that stands still for 200 ms now and then, one turn in a thousand took ${still.toFixed(0)} ms`,
  seeds: "none",
  notShown: [
    "waits for other threads and disks: what is measured is the time on a CPU",
    "attackers with many addresses",
  ],
  passed: broken.length === 0,
});
process.exit();
