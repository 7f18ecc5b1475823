// Many light verifiers in one process: they speak the feed and judge nothing. Each keeps its cursor, acknowledges at once, pings every few
// seconds, and comes back as CONN-5 says; with `hasty` at once, which is what the control does. Reads its job from argv, reports by IPC.

import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";

export interface FleetJob {
  readonly port: number;
  readonly token: string;
  readonly name: string;
  readonly count: number;
  readonly pingEveryMs: number;
  readonly hasty: boolean;
}

/** What is asked for with `status`. */
export interface FleetStatus {
  readonly connected: number;
  /** Have a head since they connected last. */
  readonly leased: number;
  /** Connections that were tried, and those that came to nothing, since the last time. */
  readonly tried: number;
  readonly refused: number;
  readonly resumed: number;
  readonly snapshots: number;
  /** The least position that anyone has applied, as the sequence number alone. */
  readonly applied: number;
}

/** When a notice reached each of them, by the monotonic clock of the machine in milliseconds. */
export interface Arrivals {
  readonly seq: number;
  readonly atMs: readonly number[];
}

interface Verifier {
  readonly instance: string;
  socket: WebSocket | undefined;
  cursor: string | null;
  applied: string;
  attempts: number;
  leased: boolean;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
const DRAINED = 1012;
const BEFORE_ALL = "1.0";

const job = JSON.parse(process.argv[2] ?? "null") as FleetJob;
const all: Verifier[] = [];
const counts = { tried: 0, refused: 0, resumed: 0, snapshots: 0 };
const arrivals = new Map<number, number[]>();

function connect(one: Verifier): void {
  counts.tried += 1;
  const socket = new WebSocket(`ws://127.0.0.1:${job.port}/v1/feed`, "hallpass.feed.1", {
    headers: { authorization: `Bearer ${job.token}` },
    perMessageDeflate: false,
  });
  one.socket = socket;
  let opened = false;
  socket.on("open", () => {
    opened = true;
    const about = { service: "storm", version: "1", max_staleness_ms: 60_000, on_stale: "unavailable" };
    socket.send(JSON.stringify({ type: "hello", feed: 1, instance: one.instance, after: one.cursor, ...about }));
  });
  socket.on("message", (data: Buffer) => hear(one, data));
  socket.on("error", () => {});
  socket.on("close", (code) => {
    if (!opened) counts.refused += 1;
    one.leased = false;
    one.socket = undefined;
    const longest = code === DRAINED ? 1000 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** one.attempts);
    if (code !== DRAINED) one.attempts += 1;
    setTimeout(() => connect(one), job.hasty ? 0 : Math.random() * longest);
  });
}

interface Frame {
  readonly type: string;
  readonly last?: boolean;
  readonly to?: string;
  readonly cursor?: string;
  readonly resumed?: boolean;
  readonly notices?: readonly { readonly pos: string }[];
}

function hear(one: Verifier, data: Buffer): void {
  const frame = JSON.parse(data.toString()) as Frame;
  if (frame.type === "head") {
    one.leased = true;
    one.attempts = 0;
  } else if (frame.type === "welcome") {
    if (frame.resumed === true) counts.resumed += 1;
    else counts.snapshots += 1;
    // A view that was resumed is asked about at once.
    if (frame.resumed === true) ping(one);
  } else if (frame.type === "notices" || (frame.type === "snapshot" && frame.last === true)) {
    one.applied = frame.to ?? one.applied;
    one.cursor = frame.cursor ?? one.cursor;
    ping(one);
    if (frame.type === "notices") arrived(frame.notices ?? []);
  }
}

function arrived(notices: readonly { readonly pos: string }[]): void {
  const now = monotonicMs();
  for (const { pos } of notices) {
    const seq = Number(pos.split(".")[1]);
    const seen = arrivals.get(seq);
    if (seen === undefined) arrivals.set(seq, [now]);
    else seen.push(now);
  }
}

function ping({ socket, applied }: Verifier): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(`{"type":"ping","n":"${randomBytes(16).toString("base64url")}","applied":"${applied}","keys":1}`);
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

process.on("message", (asked: "status" | "arrivals" | "restart half") => {
  if (asked === "arrivals") {
    process.send?.([...arrivals].map(([seq, atMs]): Arrivals => ({ seq, atMs })));
    arrivals.clear();
    return;
  }
  if (asked === "restart half") {
    // As new processes, which know nothing: every other one needs a snapshot.
    for (const one of all.filter((_, index) => index % 2 === 0))
      Object.assign(one, { cursor: null, applied: BEFORE_ALL });
    process.send?.(null);
    return;
  }
  const status: FleetStatus = {
    connected: all.filter(({ socket }) => socket?.readyState === WebSocket.OPEN).length,
    leased: all.filter(({ leased }) => leased).length,
    applied: Math.min(...all.map(({ applied }) => Number(applied.split(".")[1]))),
    ...counts,
  };
  Object.assign(counts, { tried: 0, refused: 0, resumed: 0, snapshots: 0 });
  process.send?.(status);
});
process.on("disconnect", () => process.exit());

for (let index = 0; index < job.count; index += 1) {
  const one: Verifier = {
    instance: `${job.name}-${index}`,
    socket: undefined,
    cursor: null,
    applied: BEFORE_ALL,
    attempts: 0,
    leased: false,
  };
  all.push(one);
  // The first time they come one after the other, as processes that are started do; what is measured comes later.
  setTimeout(() => connect(one), index);
  setTimeout(() => setInterval(() => ping(one), job.pingEveryMs), Math.random() * job.pingEveryMs);
}
