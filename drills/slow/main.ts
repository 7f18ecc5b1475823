// `node --conditions=hallpass-source drills/slow/main.ts [--each 200]`
// Clients that are slow on purpose, over real sockets: that never send, that send a byte of the head or of the body now and then, that stop
// in the middle, that ask for much and read nothing. Meanwhile sessions are refreshed and revoked. Exits with 1 if one of them is still there
// after its time, if a revocation was not served, or a refresh not when it was asked for again as it was told, or if memory piled up; and if
// connections that behave were cut as well. Beside it a bare server without time limits, which has to keep what this one cuts.
// Of the attacks of spec/attacks.md: [E-02] [E-03].

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { operated, type Session } from "../disk/operated.ts";
import { quantile } from "../quantile.ts";
import { wholeNumber } from "../whole-number.ts";

const given = parseArgs({ options: { each: { type: "string", default: "200" } } }).values;
const each = wholeNumber(given.each);
const BYTE_EVERY_MS = 500;
/** Each asks on and on, for more than the kernel keeps for somebody who does not read: megabytes. */
const READERS = 10;
const READER_ASKS = 20;
const READER_ASKS_EVERY_MS = 50;
/** For a client that has to read all that the kernel kept before it learns that it was cut. A connection that was not cut stays longer. */
const NOTICED_WITHIN_MS = 15_000;
/** Those who read nothing ask for thousands of pages a second: a busy machine may turn a refresh away beside them. */
const ASKED_AGAIN_AFTER_MS = 2000;
const MOST_TIMES_TURNED_AWAY = 3;
const MOST_GROWTH = 300e6;
/** Of each kind, at the server that cuts nobody. */
const AT_BARE = 5;
const broken: string[] = [];

interface Kind {
  readonly name: string;
  /** Within which it has to be cut; undefined: it has to stay. */
  readonly cutWithinMs: number | undefined;
  readonly act: (socket: Socket) => void;
  readonly reads: boolean;
}

const HEAD = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
const PAGE = "GET /reference/refusals HTTP/1.1\r\nHost: localhost\r\n\r\n";

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write("a"), BYTE_EVERY_MS);
  socket.on("close", () => clearInterval(timer));
}

/** However much of it is answered, by pages or by refusals, and however the kernel divides it: it ends in the middle of a request. */
function askOnAndOn(socket: Socket): void {
  const half = Math.floor(PAGE.length / 2);
  socket.write(PAGE.slice(0, half));
  const asked = PAGE.slice(half) + PAGE.repeat(READER_ASKS - 1) + PAGE.slice(0, half);
  const timer = setInterval(() => socket.write(asked), READER_ASKS_EVERY_MS);
  socket.on("close", () => clearInterval(timer));
}

const kinds: readonly Kind[] = [
  { name: "never sends", cutWithinMs: 13_000, act: () => {}, reads: true },
  {
    name: "sends its head byte by byte",
    cutWithinMs: 13_000,
    act: (socket) => {
      socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ");
      drip(socket);
    },
    reads: true,
  },
  {
    name: "sends its body byte by byte",
    cutWithinMs: 23_000,
    act: (socket) => {
      socket.write(`${HEAD}Content-Length: 1000\r\n\r\n`);
      drip(socket);
    },
    reads: true,
  },
  {
    name: "stops in the middle of its body",
    cutWithinMs: 23_000,
    act: (socket) => void socket.write(`${HEAD}Content-Length: 1000\r\n\r\ngrant_type=`),
    reads: true,
  },
  {
    name: "reads nothing",
    cutWithinMs: 25_000,
    act: askOnAndOn,
    reads: false,
  },
  {
    name: "behaves, and keeps its connection",
    cutWithinMs: undefined,
    act: (socket) => void socket.write(PAGE),
    reads: true,
  },
];

const data = mkdtempSync(join(tmpdir(), "hallpass-slow-"));
const server = await operated(data, { program: join(import.meta.dirname, "../storm/server.ts") });
await server.start();
const [user, ...victims] = await server.open(400);
if (user === undefined) throw new Error("no session was opened");
const before = residentBytes();
let most = before;

interface Slow {
  readonly kind: Kind;
  readonly socket: Socket;
  cutAfterMs: number | undefined;
}
const bare = createServer({ headersTimeout: 0, requestTimeout: 0 }, (request, response) => {
  request.resume().on("end", () => response.end());
});
bare.timeout = 0;
await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
const { port: barePort } = bare.address() as AddressInfo;
const began = performance.now();
const unbound = kinds
  .filter(({ reads, cutWithinMs }) => reads && cutWithinMs !== undefined)
  .flatMap((kind) => Array.from({ length: AT_BARE }, () => begin(kind, barePort)));
const slow: Slow[] = [];
for (const kind of kinds)
  for (let n = 0; n < (kind.reads ? each : READERS); n += 1) slow.push(begin(kind, server.port));

const longest = Math.max(...kinds.map(({ cutWithinMs }) => cutWithinMs ?? 0));
const served = { refreshes: 0, turnedAway: 0, revocations: 0, wrong: 0 };
const ms: number[] = [];
while (performance.now() - began < longest && slow.some(isAwaited)) {
  const started = performance.now();
  const status = await server.refresh(user);
  ms.push(performance.now() - started);
  if (status === 200) served.refreshes += 1;
  else if (status === 503 && (await servedLater(user))) served.turnedAway += 1;
  else wrong(`a refresh: ${status}`);
  const victim = served.refreshes % 10 === 0 ? victims.pop() : undefined;
  if (victim !== undefined) {
    const answered = await server.revoke(victim.sid);
    if (answered === 201) served.revocations += 1;
    else wrong(`a revocation: ${answered}`);
  }
  most = Math.max(most, residentBytes());
  await pause(20);
}

// Whoever does not read learns only now that it was cut.
const notReading = slow.filter(({ kind }) => !kind.reads);
for (const { socket } of notReading) socket.resume();
const noticed = performance.now() + NOTICED_WITHIN_MS;
const isLeft = ({ kind, cutAfterMs }: Slow): boolean => kind.cutWithinMs !== undefined && cutAfterMs === undefined;
while (performance.now() < noticed && slow.some(isLeft)) await pause(20);

for (const kind of kinds) {
  const those = slow.filter((one) => one.kind === kind);
  const cut = those.flatMap(({ cutAfterMs }) => cutAfterMs ?? []);
  const [first, last] = [Math.min(...cut), Math.max(...cut)].map((at) => Math.round(at / 100) / 10);
  console.log(
    `${those.length} times "${kind.name}": ${cut.length} cut${cut.length === 0 ? "" : `, after ${first} to ${last} s`}`,
  );
  if (kind.cutWithinMs !== undefined && cut.length < those.length) broken.push(`"${kind.name}" is still there`);
  if (kind.cutWithinMs === undefined && cut.length > 0) broken.push(`"${kind.name}" was cut`);
}
console.log(
  `meanwhile ${served.refreshes} refreshes, p50 ${quantile(ms, 0.5).toFixed(1)} ms, p99 ${quantile(ms, 0.99).toFixed(1)} ms, and ${served.revocations} revocations, ${served.turnedAway} refreshes served when asked for again, ${served.wrong} not served; memory +${Math.round((most - before) / 1e6)} MB`,
);
if (served.wrong > 0) broken.push(`${served.wrong} refreshes or revocations were not served`);
if (most - before > MOST_GROWTH) broken.push(`memory grew by ${Math.round((most - before) / 1e6)} MB`);
const stayed = unbound.filter(({ cutAfterMs }) => cutAfterMs === undefined).length;
if (stayed === 0) broken.push("a server without time limits cut them as well: these clients are not slow");
await server.kill();
rmSync(data, { recursive: true });
for (const one of broken) console.log(`broken: ${one}`);
const wanted = slow.filter(({ kind }) => kind.cutWithinMs !== undefined);
sayProof({
  id: "slow",
  promise: "P6 P10",
  figure: `${wanted.filter(({ cutAfterMs }) => cutAfterMs !== undefined).length} of ${wanted.length} slow connections cut in time; meanwhile ${served.refreshes} refreshes, p99 ${quantile(ms, 0.99).toFixed(1)} ms, and ${served.revocations} revocations, ${served.turnedAway} refreshes served when asked for again, ${served.wrong} not served`,
  control: `a server without time limits kept ${stayed} of ${unbound.length}`,
  seeds: "none",
  notShown: ["slow clients from many addresses: a node does not count connections by address"],
  passed: broken.length === 0,
});
process.exit();

async function servedLater(session: Session): Promise<boolean> {
  for (let time = 0; time < MOST_TIMES_TURNED_AWAY; time += 1) {
    await pause(ASKED_AGAIN_AFTER_MS);
    const status = await server.refresh(session);
    if (status !== 503) return status === 200;
  }
  return false;
}

function wrong(what: string): void {
  served.wrong += 1;
  console.log(`${Math.round(performance.now() - began)} ms: not served, ${what}`);
}

/** Those who do not read can't tell: their whole time is waited for. */
function isAwaited({ kind, cutAfterMs }: Slow): boolean {
  return kind.cutWithinMs !== undefined && (cutAfterMs === undefined || !kind.reads);
}

function begin(kind: Kind, port: number): Slow {
  const socket = connect({ port, host: "127.0.0.1" });
  const one: Slow = { kind, socket, cutAfterMs: undefined };
  socket.on("connect", () => kind.act(socket));
  socket.on("error", () => {});
  socket.on("close", () => {
    one.cutAfterMs = performance.now() - began;
  });
  if (kind.reads) socket.resume();
  else socket.pause();
  return one;
}

function residentBytes(): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid()}/status`, "latin1"));
  return Number(line?.[1] ?? 0) * 1024;
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
