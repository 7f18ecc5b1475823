// The load: `connections` keep-alive sockets, each with one request under way, for `seconds` or until the bodies are used up. Answers are
// checked: one without what the job expects counts as bad. Runs in a process of its own, pinned to another core than the server.

import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { Job } from "./job.ts";

const job = JSON.parse(await text(process.stdin)) as Job;
const { bodies, expect, request } = job;
const latencies: number[] = [];
let bad = 0;
let sample = "";
let used = 0;
const started = performance.now();
const deadline = started + job.seconds * 1000;
const head = [
  `${request.method} ${request.path} HTTP/1.1`,
  `Host: 127.0.0.1:${job.port}`,
  ...Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`),
].join("\r\n");

function run(index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
    let token = bodies.kind === "chained" ? (bodies.first[index] ?? "") : "";
    let asked = 0;
    let buffered = "";
    const ask = (): void => {
      const body = performance.now() >= deadline ? undefined : nextBody(index, token);
      if (body === undefined) return void socket.end(resolve);
      asked = performance.now();
      send(socket, index, body);
    };
    socket.on("connect", ask);
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      buffered += chunk.toString("latin1");
      const answer = complete(buffered);
      if (answer === undefined) return;
      buffered = "";
      latencies.push(performance.now() - asked);
      const next = judge(answer.status, answer.body, token);
      if (next === undefined) bad += 1;
      else token = next;
      ask();
    });
  });
}

/** Undefined when there is none left. */
function nextBody(index: number, token: string): string | undefined {
  switch (bodies.kind) {
    case "same":
      return bodies.bodies[index % bodies.bodies.length];
    case "chained":
      return `${bodies.body}&refresh_token=${token}`;
    case "each": {
      used += 1;
      return bodies.bodies[used - 1];
    }
  }
}

function send(socket: Socket, index: number, body: string): void {
  const line = job.lines.length === 0 ? "" : `${job.lines[index % job.lines.length]}\r\n`;
  const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
  socket.write(`${head}\r\n${line}${length}\r\n${body}`);
}

/** One whole answer with Content-Length or chunks; undefined until it is whole. */
function complete(answer: string): { readonly status: number; readonly body: string } | undefined {
  const split = answer.indexOf("\r\n\r\n");
  if (split === -1) return undefined;
  const headers = answer.slice(0, split).toLowerCase();
  const rest = answer.slice(split + 4);
  const status = Number(headers.slice(9, 12));
  const length = /content-length: (\d+)/.exec(headers)?.[1];
  if (length !== undefined) return rest.length >= Number(length) ? { status, body: rest } : undefined;
  if (!headers.includes("transfer-encoding: chunked")) return { status, body: rest };
  return rest.endsWith("0\r\n\r\n") ? { status, body: rest } : undefined;
}

/** The token to show next; undefined for an answer that is wrong. */
function judge(status: number, body: string, token: string): string | undefined {
  if (status !== expect.status || !body.includes(expect.text)) return undefined;
  sample = body;
  if (bodies.kind !== "chained") return token;
  const next = /"refresh_token":"([^"]+)"/.exec(body)?.[1];
  return next === undefined || next === token ? undefined : next;
}

await Promise.all(Array.from({ length: job.connections }, (_, index) => run(index)));
const seconds = (performance.now() - started) / 1000;
latencies.sort((a, b) => a - b);
const at = (share: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
process.stdout.write(
  `${JSON.stringify({ requests: latencies.length, bad, seconds, p50: at(0.5), p99: at(0.99), p999: at(0.999), sample })}\n`,
);
