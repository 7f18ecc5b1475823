// Clients that were all cut off and come back in one moment: each connects, refreshes, and does what it is told (Retry-After, and up to a
// second at random, as @hallpass/service-client does), until it has its token. Reads its job as JSON from stdin and prints its report.

import { readFileSync } from "node:fs";
import { connect } from "node:net";

export interface StampedeJob {
  readonly port: number;
  readonly authorization: string;
  readonly refreshTokens: readonly string[];
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

/** One try on a connection of its own; the seconds after which to come back, or that it is over. */
function attempt(request: string): Promise<number | "over"> {
  return new Promise((resolve) => {
    const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
    let text = "";
    socket.on("connect", () => socket.write(request));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const split = text.indexOf("\r\n\r\n");
      const length = /content-length: (\d+)/i.exec(text)?.[1];
      if (split === -1 || length === undefined || text.length < split + 4 + Number(length)) return;
      socket.destroy();
      resolve(judge(text));
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (text === "") counts.broken += 1;
      resolve(1);
    });
  });
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
    if (told === "over") return;
    await new Promise((resolve) => setTimeout(resolve, told * 1000 + Math.random() * 1000));
  }
}

await Promise.all(job.refreshTokens.map(client));
const leftOver = job.refreshTokens.length - counts.served - counts.loggedOut;
const report: StampedeReport = { ...counts, leftOver, servedAtMs, mostTries };
process.stdout.write(JSON.stringify(report));
