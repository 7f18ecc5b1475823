// The fault proxy: a process of its own between verifiers and nodes, with a port for each lane. It is told by IPC what its lanes do.

import { connect, createServer, type Socket } from "node:net";
import { Line, type LineWeather } from "./line.ts";
import { type LineFault, SLOW_SHARE } from "./schedule.ts";

export interface ProxyJob {
  readonly lanes: number;
  /** Ports of the nodes. */
  readonly nodes: readonly number[];
}

export type ProxyOrder =
  | {
      readonly lane: number;
      readonly begin: LineFault;
      readonly delayMs: number;
      readonly forMs: number;
      /** The node that its next connections get. */
      readonly node: number;
    }
  | { readonly lane: number; readonly end: LineFault };

/** A line that is repeated or overtaken is let go after this share of its time. */
const HALF = 0.5;

interface Lane {
  readonly weather: LineWeather;
  readonly lines: Set<Line>;
  node: number;
}

const job = JSON.parse(process.argv[2] ?? "null") as ProxyJob;
const lanes: Lane[] = [];

function onward(node: number): Socket {
  return connect({ port: job.nodes[node % job.nodes.length] ?? 0, host: "127.0.0.1", noDelay: true });
}

function listen(lane: Lane): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    lane.lines.add(new Line(socket, onward(lane.node), lane.weather, (line) => lane.lines.delete(line)));
    lane.node += 1;
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" ? (address?.port ?? 0) : 0);
    });
  });
}

function begin(lane: Lane, fault: LineFault, delayMs: number, forMs: number): void {
  const { weather, lines } = lane;
  const all = [...lines];
  switch (fault) {
    case "none":
      return;
    case "delayed":
      weather.delayUp = weather.delayDown = delayMs;
      return;
    case "held":
      weather.isHeld = true;
      return;
    case "dark":
      weather.isDarkUp = weather.isDarkDown = true;
      break;
    case "dark to the node":
      weather.isDarkUp = true;
      break;
    case "dark to the verifier":
      weather.isDarkDown = true;
      break;
    case "slow, then dark":
      weather.delayUp = weather.delayDown = delayMs;
      setTimeout(() => begin(lane, "dark", delayMs, forMs), forMs * SLOW_SHARE);
      return;
    case "cut":
      for (const line of all) line.end();
      return;
    case "repeated":
      setTimeout(() => repeat(lane, all), forMs * HALF);
      return;
    case "overtaken":
      for (const line of all) line.hang();
      setTimeout(() => all.forEach((line) => line.release()), forMs * HALF);
      return;
  }
  for (const line of all) line.darken();
}

/** Everything that the verifier has sent so far comes to a node once more, on a connection of its own. */
function repeat(lane: Lane, lines: readonly Line[]): void {
  for (const { sent } of lines) {
    const socket = onward(lane.node);
    socket.on("error", () => {});
    socket.resume();
    for (const piece of sent) socket.write(piece);
    setTimeout(() => socket.destroy(), 1000);
  }
}

function end({ weather, lines }: Lane): void {
  Object.assign(weather, calm());
  for (const line of lines) line.lighten();
}

function calm(): LineWeather {
  return { delayUp: 0, delayDown: 0, isHeld: false, isDarkUp: false, isDarkDown: false };
}

const ports: number[] = [];
for (let index = 0; index < job.lanes; index += 1) {
  const lane: Lane = { weather: calm(), lines: new Set(), node: index };
  lanes.push(lane);
  ports.push(await listen(lane));
}
process.on("message", (order: ProxyOrder) => {
  const lane = lanes[order.lane];
  if (lane === undefined) return;
  if ("end" in order) return end(lane);
  lane.node = order.node;
  begin(lane, order.begin, order.delayMs, order.forMs);
});
process.on("disconnect", () => process.exit());
setInterval(() => {
  const now = performance.now();
  for (const { lines } of lanes) for (const line of lines) line.turn(now);
}, 2);
process.send?.({ ports });
