// The load: `connections` keep-alive sockets, each with one request under way, for `seconds`. Answers are checked: a refresh that does not
// bring a new refresh token and an access token counts as bad. Runs in a process of its own, pinned to another core than the server.

import { connect, type Socket } from "node:net";

interface Job {
  readonly port: number;
  readonly path: string;
  readonly authorization: string | null;
  readonly connections: number;
  readonly seconds: number;
  /** For a refresh: one token per connection; otherwise the body is constant. */
  readonly refreshTokens: readonly string[] | null;
  readonly body: string;
}

const job = JSON.parse(process.argv[2] ?? "null") as Job;
const latencies: number[] = [];
let bad = 0;
let sample = "";
const deadline = performance.now() + job.seconds * 1000;

function run(index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
    let token = job.refreshTokens?.[index] ?? "";
    let started = 0;
    let buffered = "";
    const ask = (): void => {
      if (performance.now() >= deadline) return void socket.end(resolve);
      started = performance.now();
      send(socket, job.refreshTokens === null ? job.body : `${job.body}&refresh_token=${token}`);
    };
    socket.on("connect", ask);
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      buffered += chunk.toString("latin1");
      const answer = complete(buffered);
      if (answer === undefined) return;
      buffered = "";
      latencies.push(performance.now() - started);
      const next = judge(answer.status, answer.body, token);
      if (next === undefined) bad += 1;
      else token = next;
      ask();
    });
  });
}

function send(socket: Socket, body: string): void {
  const authorization = job.authorization === null ? "" : `Authorization: ${job.authorization}\r\n`;
  socket.write(
    `POST ${job.path} HTTP/1.1\r\nHost: 127.0.0.1:${job.port}\r\n${authorization}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** One whole answer with Content-Length or chunks; undefined until it is whole. */
function complete(text: string): { readonly status: number; readonly body: string } | undefined {
  const split = text.indexOf("\r\n\r\n");
  if (split === -1) return undefined;
  const head = text.slice(0, split).toLowerCase();
  const rest = text.slice(split + 4);
  const status = Number(head.slice(9, 12));
  const length = /content-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) return rest.length >= Number(length) ? { status, body: rest } : undefined;
  return rest.endsWith("0\r\n\r\n") ? { status, body: rest } : undefined;
}

/** The token to show next; undefined for an answer that is wrong. */
function judge(status: number, body: string, token: string): string | undefined {
  if (status !== 200 || !body.includes('"access_token":"ey')) return undefined;
  sample = body;
  if (job.refreshTokens === null) return "";
  const next = /"refresh_token":"([^"]+)"/.exec(body)?.[1];
  return next === undefined || next === token ? undefined : next;
}

await Promise.all(Array.from({ length: job.connections }, (_, index) => run(index)));
latencies.sort((a, b) => a - b);
const at = (share: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
process.stdout.write(
  `${JSON.stringify({ requests: latencies.length, bad, p50: at(0.5), p99: at(0.99), p999: at(0.999), sample })}\n`,
);
