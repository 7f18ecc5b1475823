// Clients that were all cut off and come back in one moment: each refreshes and does what it is told (Retry-After, and up to a second at
// random, as @hallpass/service-client does), until it has its token. They share so many connections, as behind a gateway, or have one each.
// Reads its job as JSON from stdin and prints its report.

import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";

export interface StampedeJob {
  readonly port: number;
  readonly authorization: string;
  readonly refreshTokens: readonly string[];
  /** At most; whoever finds them all taken waits for one. Without it there is one for each. */
  readonly connections?: number;
  /** Whoever is turned away takes it for a no, and never comes back: the control. */
  readonly areGivingUp?: boolean;
  /** They are given up after this. */
  readonly patienceMs: number;
}

export interface StampedeReport {
  readonly served: number;
  /** Answered 400 or 401: logged out by us. */
  readonly loggedOut: number;
  /** Not served when their patience ended. */
  readonly leftOver: number;
  readonly turnedAway: number;
  readonly broken: number;
  /** When each was served, from the beginning. */
  readonly servedAtMs: readonly number[];
  /** How many tries the most tried client needed. */
  readonly mostTries: number;
}

const job = JSON.parse(readFileSync(0, "utf8")) as StampedeJob;
const counts = { served: 0, loggedOut: 0, turnedAway: 0, broken: 0 };
const servedAtMs: number[] = [];
const began = performance.now();
let mostTries = 0;

interface Line {
  readonly socket: Socket;
  text: string;
  /** With the answer, or with nothing when the connection ended without one. */
  answered: ((text: string) => void) | undefined;
}

const mostLines = job.connections ?? job.refreshTokens.length;
const idle: Line[] = [];
const waiting: ((line: Line) => void)[] = [];
let lines = 0;

function opened(): Line {
  const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
  const line: Line = { socket, text: "", answered: undefined };
  lines += 1;
  socket.on("data", (chunk) => {
    line.text += chunk.toString("latin1");
    const split = line.text.indexOf("\r\n\r\n");
    const length = /content-length: (\d+)/i.exec(line.text)?.[1];
    if (split === -1 || length === undefined || line.text.length < split + 4 + Number(length)) return;
    line.answered?.(line.text);
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    lines -= 1;
    const at = idle.indexOf(line);
    if (at !== -1) idle.splice(at, 1);
    line.answered?.("");
  });
  return line;
}

function taken(): Line | Promise<Line> {
  const line = idle.pop();
  if (line !== undefined) return line;
  return lines < mostLines ? opened() : new Promise((resolve) => waiting.push(resolve));
}

function release(line: Line): void {
  const next = waiting.shift();
  if (next !== undefined) next(line.socket.destroyed ? opened() : line);
  else if (!line.socket.destroyed) idle.push(line);
}

/** One try; the seconds after which to come back, or that it is over. */
async function attempt(request: string): Promise<number | "over"> {
  const line = await taken();
  const text = await new Promise<string>((resolve) => {
    line.answered = resolve;
    line.text = "";
    line.socket.write(request);
  });
  line.answered = undefined;
  release(line);
  if (text !== "") return judge(text);
  counts.broken += 1;
  return 1;
}

function judge(text: string): number | "over" {
  const status = text.slice(9, 12);
  if (status === "503") {
    counts.turnedAway += 1;
    return Number(/retry-after: (\d+)\r/i.exec(text)?.[1] ?? 1);
  }
  if (status !== "200") counts.loggedOut += 1;
  else {
    counts.served += 1;
    servedAtMs.push(Math.round(performance.now() - began));
  }
  return "over";
}

async function client(token: string): Promise<void> {
  const body = `grant_type=refresh_token&refresh_token=${token}`;
  const request =
    `POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1:${job.port}\r\nAuthorization: ${job.authorization}\r\n` +
    `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  for (let tries = 1; performance.now() - began < job.patienceMs; tries += 1) {
    mostTries = Math.max(mostTries, tries);
    const told = await attempt(request);
    if (told === "over" || job.areGivingUp === true) return;
    await new Promise((resolve) => setTimeout(resolve, told * 1000 + Math.random() * 1000));
  }
}

await Promise.all(job.refreshTokens.map(client));
for (const { socket } of idle.splice(0)) socket.destroy();
const leftOver = job.refreshTokens.length - counts.served - counts.loggedOut;
const report: StampedeReport = { ...counts, leftOver, servedAtMs, mostTries };
process.stdout.write(JSON.stringify(report));
