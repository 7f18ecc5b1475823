// What a revocation costs on its way to verifiers that are connected: writes to their sockets and bytes, counted at the server's end of real
// ones. No timer runs, so that nothing but the revocation is sent.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gather, Secret } from "@hallpass/core";
import { FEED_SUBPROTOCOL, formatPosition, parseServerFrame } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { WebSocket } from "ws";
import type { JudgedBearer } from "../../packages/server/src/feed/own-bearer.ts";
import { aWorld } from "../../packages/server/src/feed/testing/world.ts";
import { attachFeed } from "../../packages/server/src/feed/web-socket-feed.ts";
import { systemNextTurn } from "../../packages/server/src/host/system-ports.ts";

/** For each verifier. */
export interface Pushed {
  /** Writes to its socket: the notices, and what answers its ping. */
  readonly writes: number;
  readonly bytes: number;
}

const VERIFIERS = 8;
const TOGETHER = 16;

/** Of one revocation alone, and of sixteen in one turn of the loop, by what it is called in the table. */
export async function pushedOfAll(): Promise<ReadonlyMap<string, Pushed>> {
  let writes = 0;
  const sockets: Socket[] = [];
  const server = createServer().on("connection", (socket: Socket) => {
    const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
    socket.write = (...given: unknown[]): boolean => {
      writes += 1;
      return write(...given);
    };
    sockets.push(socket);
  });
  const bytes = (): number => sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  const world = await aWorld((given) => gather(createMemoryStore(given), { nextTurn: systemNextTurn }));
  const judge = (token: string): Promise<JudgedBearer> => world.judge(new Secret(token));
  const feed = attachFeed(server, world.hub(), judge, world.time);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const token = (await world.token()).reveal();
  const peers: Peer[] = [];

  async function pushed(revocations: number): Promise<Pushed> {
    const [writesBefore, bytesBefore] = [writes, bytes()];
    const made = await Promise.all(Array.from({ length: revocations }, () => world.revokeAny()));
    const last = Math.max(...made.map(({ pos }) => pos.seq));
    await Promise.all(peers.map((peer) => peer.acknowledges(last)));
    return { writes: (writes - writesBefore) / VERIFIERS, bytes: (bytes() - bytesBefore) / VERIFIERS };
  }
  try {
    while (peers.length < VERIFIERS) peers.push(await connected(port, token, `api-${peers.length}`));
    // So that positions and cursors have their usual length.
    await pushed(100);
    return new Map([
      ["one revocation", await pushed(1)],
      [`${TOGETHER} revocations in one turn`, await pushed(TOGETHER)],
    ]);
  } finally {
    for (const peer of peers) peer.leave();
    await feed.shutDown();
    server.close();
  }
}

interface Peer {
  /** Settles when a ping that says so was answered. */
  acknowledges(seq: number): Promise<void>;
  leave(): void;
}

/** Says what a verifier says: a ping for each frame that it has applied. */
async function connected(port: number, token: string, instance: string): Promise<Peer> {
  const options = { headers: { authorization: `Bearer ${token}` }, perMessageDeflate: false };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/feed`, FEED_SUBPROTOCOL, options);
  await once(socket, "open");
  const pinged: number[] = [];
  const acknowledged = { seq: -1, next: Promise.withResolvers<void>() };
  socket.on("message", (data: Buffer) => {
    const frame = parseServerFrame(data.toString());
    if (frame?.type === "notices" || (frame?.type === "snapshot" && frame.last)) {
      pinged.push(frame.to.seq);
      const n = String(pinged.length).padStart(21, "x").concat("A");
      socket.send(JSON.stringify({ type: "ping", n, applied: formatPosition(frame.to), keys: 1 }));
    } else if (frame?.type === "head") {
      acknowledged.seq = pinged.shift() ?? Number.NaN;
      acknowledged.next.resolve();
    }
  });
  const acknowledges = async (seq: number): Promise<void> => {
    for (; acknowledged.seq < seq; await acknowledged.next.promise) acknowledged.next = Promise.withResolvers<void>();
  };
  const rest = { service: "costs", version: "1", after: null, max_staleness_ms: 60_000, on_stale: "unavailable" };
  socket.send(JSON.stringify({ type: "hello", feed: 1, instance, ...rest }));
  await acknowledges(0);
  return { acknowledges, leave: () => socket.terminate() };
}
