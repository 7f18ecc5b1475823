// Offers refreshes at a rate that does not care for the answers (open loop): each arrival takes a connection that is idle, and one that
// finds none is counted as late. A process of its own: it reads its job as JSON from stdin and prints its report as JSON.

import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { serverTime } from "./server-time.ts";

export interface LoadJob {
  readonly port: number;
  readonly pid: number;
  readonly authorization: string;
  /** One session for each connection. */
  readonly refreshTokens: readonly string[];
  /** Arrivals a second; 0: closed loop, each connection asks again at once. */
  readonly rate: number;
  readonly seconds: number;
  /** Whoever is turned away comes back when it was told to; otherwise as soon as it is wanted again. */
  readonly isPatient: boolean;
}

export interface LoadReport {
  readonly offered: number;
  /** Arrivals for which no connection was idle. */
  readonly late: number;
  readonly ok: number;
  readonly turnedAway: number;
  /** Turned away without the code or without Retry-After. */
  readonly unexplained: number;
  /** Any other status, and connections that broke. */
  readonly bad: number;
  readonly okMs: readonly number[];
  readonly turnedAwayMs: readonly number[];
  /** The same by the server's own time, of one request in twenty. */
  readonly okServerMs: readonly number[];
  readonly turnedAwayServerMs: readonly number[];
  /** How late this process was itself for its timers: an answer that is there waits as long before it is seen. */
  readonly ownLateMs: { readonly p50: number; readonly p99: number };
  /** How often each Retry-After was answered, by its seconds. */
  readonly retryAfter: Readonly<Record<string, number>>;
  /** The last token of each connection, to go on with. */
  readonly refreshTokens: readonly string[];
}

interface Line {
  readonly socket: Socket;
  readonly index: number;
  request: Buffer;
  started: number;
  /** By the server's time; undefined for what is not sampled. */
  startedThere: number | undefined;
  buffered: string;
}

const LOOK_EVERY_MS = 1;
const SAMPLED_OF = 20;

const job = JSON.parse(readFileSync(0, "utf8")) as LoadJob;
const tokens = [...job.refreshTokens];
const okMs: number[] = [];
const turnedAwayMs: number[] = [];
const okServerMs: number[] = [];
const turnedAwayServerMs: number[] = [];
let asked = 0;
const retryAfter = new Map<number, number>();
const counts = { offered: 0, late: 0, ok: 0, turnedAway: 0, unexplained: 0, bad: 0 };
const idle: Line[] = [];
const state = { underWay: 0, over: false };

function requestOf(token: string): Buffer {
  const body = `grant_type=refresh_token&refresh_token=${token}`;
  return Buffer.from(
    `POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1:${job.port}\r\nAuthorization: ${job.authorization}\r\n` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

function opened(token: string, index: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
    const line: Line = { socket, index, request: requestOf(token), started: 0, startedThere: undefined, buffered: "" };
    socket.on("connect", () => resolve(line));
    socket.on("data", (chunk: Buffer) => arrived(line, chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      if (!state.over) counts.bad += 1;
    });
  });
}

function ask(line: Line): void {
  state.underWay += 1;
  asked += 1;
  line.startedThere = asked % SAMPLED_OF === 0 ? serverTime(job.pid) : undefined;
  line.started = performance.now();
  line.socket.write(line.request);
}

function arrived(line: Line, chunk: Buffer): void {
  line.buffered += chunk.toString("latin1");
  const text = line.buffered;
  const split = text.indexOf("\r\n\r\n");
  if (split === -1) return;
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  if (length === undefined || text.length < split + 4 + Number(length)) return;
  line.buffered = "";
  state.underWay -= 1;
  const told = judge(line, text, performance.now() - line.started);
  if (told > 0 && job.isPatient) setTimeout(() => idle.push(line), told * 1000 + Math.random() * 1000).unref();
  else if (job.rate > 0 || state.over) idle.push(line);
  else ask(line);
}

/** The seconds after which to come back; 0 for whoever was served. */
function judge(line: Line, text: string, ms: number): number {
  const status = text.slice(9, 12);
  if (line.startedThere !== undefined) {
    const sampled = status === "503" ? turnedAwayServerMs : okServerMs;
    sampled.push(rounded(serverTime(job.pid) - line.startedThere));
  }
  if (status === "200") {
    const next = /"refresh_token":"([^"]+)"/.exec(text)?.[1];
    if (next === undefined || next === tokens[line.index] || !text.includes('"access_token":"ey')) counts.bad += 1;
    else {
      counts.ok += 1;
      okMs.push(ms);
      tokens[line.index] = next;
      line.request = requestOf(next);
    }
  } else if (status === "503") {
    counts.turnedAway += 1;
    turnedAwayMs.push(ms);
    const seconds = Number(/retry-after: (\d+)\r/i.exec(text)?.[1] ?? 0);
    retryAfter.set(seconds, (retryAfter.get(seconds) ?? 0) + 1);
    if (seconds === 0 || !text.includes("#overloaded")) counts.unexplained += 1;
    return seconds;
  } else counts.bad += 1;
  return 0;
}

/** Arrivals that are due by now, evenly spread. */
function arrive(due: number): void {
  while (counts.offered < due) {
    counts.offered += 1;
    // The one that has rested longest: all sessions take part.
    const line = idle.shift();
    if (line === undefined) counts.late += 1;
    else ask(line);
  }
}

const lines = await Promise.all(tokens.map(opened));
const own = monitorEventLoopDelay({ resolution: 1 });
own.enable();
const began = performance.now();
await new Promise<void>((resolve) => {
  if (job.rate === 0) for (const line of lines) ask(line);
  else idle.push(...lines);
  const timer = setInterval(() => {
    const passed = performance.now() - began;
    if (passed >= job.seconds * 1000) {
      clearInterval(timer);
      state.over = true;
      resolve();
    } else if (job.rate > 0) arrive((passed / 1000) * job.rate);
  }, LOOK_EVERY_MS);
});
const patience = performance.now() + 10_000;
while (state.underWay > 0 && performance.now() < patience) await new Promise((resolve) => setTimeout(resolve, 5));
counts.bad += state.underWay;
for (const { socket } of lines) socket.destroy();
const report: LoadReport = {
  ...counts,
  okMs: okMs.map(rounded),
  turnedAwayMs: turnedAwayMs.map(rounded),
  okServerMs,
  turnedAwayServerMs,
  ownLateMs: { p50: rounded(own.percentile(50) / 1e6), p99: rounded(own.percentile(99) / 1e6) },
  retryAfter: Object.fromEntries(retryAfter),
  refreshTokens: tokens,
};
process.stdout.write(JSON.stringify(report));

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
