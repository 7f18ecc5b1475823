// Binds a hub to WebSockets of an HTTP server. Decides who may open one and how one ends; knows no frame.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Fault, type Scheduler } from "@hallpass/core";
import { FEED_SUBPROTOCOL } from "@hallpass/protocol";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { FeedLog } from "./feed-event.ts";
import type { FeedHub } from "./hub.ts";
import { sharedFrames } from "./message-frame.ts";
import type { Channel } from "./outbox.ts";
import type { FeedBearer, JudgedBearer } from "./own-bearer.ts";
import {
  challenged,
  FEED_PATH,
  readUpgrade,
  refusalText,
  type UpgradeRefusal,
  unavailable,
} from "./upgrade-request.ts";

const MOST_FRAME_BYTES = 128 * 1024;
/** Whoever has not answered a close by then is cut off: a shutdown waits for nobody longer. */
const CLOSE_WITHIN_MS = 2000;
const JUDGE_WITHIN_MS = 10_000;

export interface FeedSocketOptions {
  readonly scheduler: Scheduler;
  readonly path?: string;
  readonly origins?: readonly string[];
  readonly mostConnections?: number;
  /** Upgrades whose bearer is being judged. */
  readonly mostJudging?: number;
  readonly log?: FeedLog;
}

/** Where upgrades come from: an HTTP server, or the part of one that is a tenant's. */
export interface UpgradeSource {
  on(event: "upgrade", listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown;
}

export interface FeedSockets {
  /** Drains the hub, and settles when no socket of the feed is open any more: within some two seconds. */
  shutDown(): Promise<void>;
  /** Sockets that are open, and upgrades that are being judged. */
  count(): number;
}

/** `authenticate` judges a bearer's text; it throws Faults. Takes over every upgrade of the source: another path is answered 404. */
export function attachFeed(
  source: UpgradeSource,
  hub: FeedHub,
  authenticate: (token: string) => Promise<JudgedBearer>,
  options: FeedSocketOptions,
): FeedSockets {
  const { scheduler, path = FEED_PATH, origins = [], mostConnections = 20_000, mostJudging = 1000 } = options;
  const log: FeedLog = options.log ?? (() => {});
  const upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MOST_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => FEED_SUBPROTOCOL,
  });
  const judging = new Set<Duplex>();
  const open = new Set<WebSocket>();
  const frameOf = sharedFrames();
  let shuttingDown = false;
  let allGone: (() => void) | undefined;

  async function judge(token: string): Promise<FeedBearer | UpgradeRefusal> {
    try {
      const judged = await authenticate(token);
      if (judged.kind === "granted") return judged.bearer;
      return judged.kind === "refused"
        ? challenged(401, "bearer_refused", "invalid_token")
        : challenged(403, "scope_missing", "insufficient_scope");
    } catch (cause) {
      log({ kind: "failed", during: "upgrade", cause });
      if (cause instanceof Fault) return unavailable(cause.retryAfter, cause.code);
      return { status: 500, code: "defect", headers: {} };
    }
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const read = readUpgrade(request.url ?? "", request.rawHeaders, { path, origins });
    if (!read.ok) return refuse(socket, read.refusal);
    if (shuttingDown) return refuse(socket, unavailable(1, "draining"));
    if (judging.size >= mostJudging || judging.size + open.size >= mostConnections)
      return refuse(socket, unavailable(5, "overloaded"));
    judging.add(socket);
    const cancel = scheduler.after(JUDGE_WITHIN_MS, () => refuse(socket, unavailable(1, "store_unavailable")));
    const judged = await judge(read.token);
    cancel();
    judging.delete(socket);
    if (!socket.writable) return;
    if ("status" in judged) return refuse(socket, judged);
    if (shuttingDown) return refuse(socket, unavailable(1, "draining"));
    socket.off("error", ignore);
    upgrades.handleUpgrade(request, socket, head, (webSocket) => connect(webSocket, socket, judged));
  }

  function connect(webSocket: WebSocket, socket: Duplex, bearer: FeedBearer): void {
    open.add(webSocket);
    const channel: Channel = {
      // Nothing is compressed, so what the socket is given is all that there is between this and the library's own frames.
      send: (message) => {
        if (webSocket.readyState === webSocket.OPEN) socket.write(frameOf(message));
      },
      close: (code, reason) => {
        webSocket.close(code, reason);
        cutOff(webSocket);
      },
      bufferedBytes: () => webSocket.bufferedAmount,
    };
    const session = hub.connect(channel, bearer);
    webSocket.on("message", (message, isBinary) => session.receive(isBinary ? NO_FRAME : textOf(message)));
    // The close that follows tells it all.
    webSocket.on("error", ignore);
    webSocket.on("close", () => {
      open.delete(webSocket);
      session.closed();
      if (shuttingDown && open.size === 0) allGone?.();
    });
  }

  function cutOff(webSocket: WebSocket): void {
    const cancel = scheduler.after(CLOSE_WITHIN_MS, () => webSocket.terminate());
    webSocket.on("close", cancel);
  }

  source.on("upgrade", (request, socket, head) => {
    socket.on("error", ignore);
    upgrade(request, socket, head).catch((cause: unknown) => {
      log({ kind: "failed", during: "upgrade", cause });
      socket.destroy();
    });
  });

  return {
    shutDown: async () => {
      shuttingDown = true;
      for (const socket of judging) refuse(socket, unavailable(1, "draining"));
      await hub.drain();
      for (const webSocket of open) cutOff(webSocket);
      if (open.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      allGone = resolve;
      await promise;
    },
    count: () => open.size + judging.size,
  };
}

/** A verifier sends texts only; a binary message is as malformed as no text at all. */
const NO_FRAME = "";

function textOf(message: RawData): string {
  return Buffer.isBuffer(message) ? message.toString() : NO_FRAME;
}

function refuse(socket: Duplex, refusal: UpgradeRefusal): void {
  if (!socket.writable) return;
  socket.end(refusalText(refusal), () => socket.destroy());
}

function ignore(): void {}
