// The Node host: sockets, limits and an orderly end around the handler. A request passes the strict front, its body is read within the
// limit, and only then does a handler see it.

import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Clock, Dice, Scheduler } from "@hallpass/core";
import type { RequestHead } from "../endpoints/endpoint.ts";
import { FEED_PATH } from "../feed/upgrade-request.ts";
import { type Hallpass, requestIds } from "../hallpass.ts";
import type { Observer } from "../observe/observer.ts";
import { networksOf } from "../outbound/networks.ts";
import { overloaded, type Reply, type ReplyContext, refuse } from "../replies.ts";
import type { WireCode } from "../wire-errors.ts";
import type { Admission, Lane } from "./admission.ts";
import { arrivedFrom, type Proxies } from "./arrivals.ts";
import { answerBroken } from "./broken-requests.ts";
import { certificateOf } from "./client-certificate.ts";
import { headerList } from "./header-list.ts";
import { inARow, type Row } from "./in-a-row.ts";
import { readBody, type WholeBody } from "./read-body.ts";
import { type Connection, restOf } from "./resting.ts";
import { frontRefusal } from "./strict-front.ts";
import { systemNextTurn } from "./system-ports.ts";
import type { LoadedTls } from "./tls-files.ts";
import { writeStream } from "./write-stream.ts";

export interface NodeHostOptions {
  readonly hallpass: Hallpass;
  readonly observer: Observer;
  readonly admission: Admission;
  readonly dice: Dice;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly issuer: string;
  /** Takes what is no plain request: upgrades. Called before the first connection. */
  readonly attach: (server: Server) => void;
  readonly host: string;
  readonly port: number;
  /** Whose word about others is taken; nobody's if absent. */
  readonly proxies?: Proxies;
  /** HTTPS. */
  readonly tls?: LoadedTls;
}

export interface NodeHost {
  readonly server: Server;
  /** Serves another certificate to the next connections; those that are there go on. Throws for a host without TLS. */
  renewTls(next: LoadedTls): void;
  /** The port that it got. */
  readonly port: number;
  /** Lets requests under way end, for at most `ms`; then cuts what is left. Never hangs. */
  close(ms: number): Promise<void>;
}

const HEADER_BYTES = 16_384;
/** Milliseconds between two looks at idle connections while draining. */
const LOOK_EVERY = 20;

const LIMITS: ServerOptions = {
  maxHeaderSize: HEADER_BYTES,
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1000,
  insecureHTTPParser: false,
  joinDuplicateHeaders: false,
  requireHostHeader: true,
  rejectNonStandardBodyWrites: true,
  // Every other upgrade is only offered: h2c, say, by clients that would rather speak HTTP/2. RFC 9110 section 7.8: answered as it stands.
  shouldUpgradeCallback: (incoming) =>
    incoming.headers.upgrade?.toLowerCase() === "websocket" &&
    incoming.url === FEED_PATH &&
    frontRefusal(incoming) === undefined,
};
/** Without a byte in or out, longer than any answer is waited for: whoever does not read holds its answers no longer. */
const STILL_MS = 120_000;
const HANDSHAKE_MS = 10_000;
const NO_PROXIES: Proxies = { trusted: networksOf([]), header: "x-forwarded-for" };

/**
 * Connections that wait to be taken, where the kernel allows as many (`net.core.somaxconn`, 4,096 on Linux): of those beyond it the kernel drops
 * the first packet, and their clients try again after 1, 3, 7 … seconds, however idle the server is by then.
 */
const MOST_AT_THE_DOOR = 4096;

interface Serving extends NodeHostOptions {
  readonly newRequestId: () => string;
  readonly row: Row;
  readonly rest: (connection: Connection) => void;
}

export async function listen(options: NodeHostOptions): Promise<NodeHost> {
  const serving: Serving = {
    ...options,
    newRequestId: requestIds(options.dice),
    row: inARow(systemNextTurn, options.clock),
    rest: restOf(options.scheduler),
  };
  options.admission.watch(serving.row);
  let isDraining = false;
  const secure = options.tls === undefined ? undefined : createTlsServer({ ...LIMITS, ...tlsOptions(options.tls) });
  const server: Server | TlsServer = secure ?? createServer(LIMITS);
  server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (isDraining) outgoing.shouldKeepAlive = false;
    receive(incoming, outgoing, serving);
  });
  server.timeout = STILL_MS;
  server.maxRequestsPerSocket = 100_000;
  // None is left out by the parser; the front counts them.
  server.maxHeadersCount = 0;
  answerBroken(server, options);
  server.on("checkContinue", (incoming, outgoing) => {
    // The body is asked for only if the front lets the request in.
    if (frontRefusal(incoming) === undefined) outgoing.writeContinue();
    server.emit("request", incoming, outgoing);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  options.attach(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: options.port, host: options.host, backlog: MOST_AT_THE_DOOR }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    renewTls: ({ context }) => {
      if (secure === undefined) throw new Error("a host without TLS has no certificate");
      secure.setSecureContext(context);
    },
    close: async (ms) => {
      isDraining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // A connection whose last answer began before the drain is idle once that answer is out.
      const idle = setInterval(() => server.closeIdleConnections(), LOOK_EVERY);
      const limit = setTimeout(() => {
        // Upgraded sockets are no longer the server's own: they are cut here, too.
        for (const socket of sockets) socket.destroy();
      }, ms);
      await closed;
      clearTimeout(limit);
      clearInterval(idle);
    },
  };
}

function tlsOptions({ context, clientCertificates }: LoadedTls): object {
  const requestCert = context.ca !== undefined;
  const rejectUnauthorized = requestCert && clientCertificates === "required";
  return { ...context, handshakeTimeout: HANDSHAKE_MS, requestCert, rejectUnauthorized };
}

/** Never throws: whoever breaks off is let go. Nothing is waited for that is there, because each promise costs a part of what an answer does. */
function receive(incoming: IncomingMessage, outgoing: ServerResponse, serving: Serving): void {
  try {
    const refusal = frontRefusal(incoming);
    if (refusal !== undefined) return refuseRaw(incoming, outgoing, serving, refusal);
    const { admission } = serving;
    const { method = "", url = "" } = incoming;
    const lane = admission.laneOf(method, url);
    if (admission.isShut(lane, url)) return turnAway(incoming, outgoing, serving, lane);
    readBody(incoming, (whole) => received(incoming, outgoing, serving, lane, whole));
  } catch {
    letGo(incoming);
  }
}

/** Never throws. */
function received(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  serving: Serving,
  lane: Lane,
  whole: WholeBody,
): void {
  try {
    if (whole === "cut_off") letGo(incoming);
    else if (whole === "too_large") refuseRaw(incoming, outgoing, serving, "body_too_large");
    else letIn(incoming, outgoing, serving, lane, whole);
  } catch {
    letGo(incoming);
  }
}

/** To destroy a request that was read whole leaves its connection as it is, and whoever asked waits. */
function letGo({ socket }: IncomingMessage): void {
  socket.destroy();
}

function letIn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  serving: Serving,
  lane: Lane,
  whole: Uint8Array,
): void {
  const { peer, insecure } = arrivedFrom(incoming, serving.proxies ?? NO_PROXIES);
  if (insecure && serving.issuer.startsWith("https:")) return refuseRaw(incoming, outgoing, serving, "https_required");
  const place = serving.admission.enter(lane, incoming.url ?? "", whole);
  if (place === undefined) return turnAway(incoming, outgoing, serving, lane);
  const request = new HeldRequest(incoming, serving, place);
  const goOn = (): void => respond(incoming, outgoing, request, () => serving.hallpass.answer(request, whole, peer));
  if (place.name === "traffic") serving.row.wait(goOn);
  else serving.row.goFirst(goOn);
}

function respond(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  request: HeldRequest,
  answer: () => Reply | Promise<Reply>,
): void {
  const over = (): void => {
    request.leave();
    letGo(incoming);
  };
  const told = (reply: Reply): void => {
    try {
      write(outgoing, reply);
      request.leave();
    } catch {
      over();
    }
  };
  try {
    const answered = answer();
    if (answered instanceof Promise) answered.then(told, over);
    else told(answered);
  } catch {
    over();
  }
}

/** A request with its place. */
class HeldRequest implements RequestHead {
  readonly method: string;
  readonly target: string;
  /** It is its own headers: one object less for each request. */
  readonly headers: RequestHead["headers"] = this;
  readonly certificate: RequestHead["certificate"];
  readonly #parsed: IncomingMessage["headers"];
  readonly #admission: Admission;
  #place: Lane;
  #isTooMany = false;

  constructor({ method = "", url = "", headers, socket }: IncomingMessage, serving: Serving, place: Lane) {
    this.method = method;
    this.target = url;
    this.#parsed = headers;
    this.certificate =
      serving.tls?.context.ca === undefined ? undefined : () => certificateOf(socket, serving.clock.now());
    this.#admission = serving.admission;
    this.#place = place;
  }

  /** What is read here stands once in the raw headers, or the front would have refused it: Node's choice among two is no question. */
  get(name: string): string | null {
    const value = this.#parsed[name];
    return typeof value === "string" ? value : null;
  }

  wait(): boolean {
    if (this.#place.name === "waits") return true;
    if (this.#isTooMany) return false;
    const waiting = this.#admission.enterWait();
    this.#isTooMany = waiting === undefined;
    if (waiting === undefined) return false;
    this.#place.leave();
    this.#place = waiting;
    return true;
  }

  leave(): void {
    this.#place.leave();
  }
}

function write(outgoing: ServerResponse, { status, headers, body, stream }: Reply): void {
  if (stream !== undefined) {
    outgoing.writeHead(status, headers).flushHeaders();
    // It goes on beside everything else, and keeps no place of any lane. What broke it has been told, and the connection is cut.
    writeStream(outgoing, stream).catch(() => undefined);
    return;
  }
  if (body === null) {
    outgoing.writeHead(status, headers).end();
    return;
  }
  if (typeof body !== "string") {
    outgoing.writeHead(status, { ...headers, "content-length": body.length }).end(body);
    return;
  }
  // With its length known before, an answer is one piece on the wire; one byte for each character means ASCII, which needs no encoding.
  const length = Buffer.byteLength(body);
  outgoing.writeHead(status, headerList(headers, length));
  outgoing.end(body, length === body.length ? "latin1" : "utf8");
}

/** The connection stays: to come back on it costs both sides least. No line of the log: under a flood that would be most of the work. */
function turnAway(incoming: IncomingMessage, outgoing: ServerResponse, serving: Serving, lane: Lane): void {
  const { admission } = serving;
  lane.turnAway();
  // In the same turn: while more than a thousand sockets can be read, libuv reads on and on, and no timer and no commit has its turn.
  const settled = (): void => process.nextTick(serving.rest, incoming.socket);
  // What is left of its body would have the socket read on later.
  outgoing.once("finish", () => (incoming.readableEnded ? settled() : incoming.once("end", settled)));
  incoming.resume();
  writeTo(incoming, outgoing, overloaded(contextOf(incoming, serving), admission.retryAfter()));
}

function contextOf({ url = "" }: IncomingMessage, { newRequestId, issuer }: Serving): ReplyContext {
  return { requestId: newRequestId(), surface: url.startsWith("/oauth2/") ? "oauth" : "v1", issuer };
}

/** What no handler has made may have a body that HEAD must not have. */
function writeTo({ method }: IncomingMessage, outgoing: ServerResponse, reply: Reply): void {
  write(outgoing, method === "HEAD" ? { ...reply, body: null } : reply);
}

/** Answered without a handler, and the connection ends: what follows on it might be the rest of the request, or another one. */
function refuseRaw(incoming: IncomingMessage, outgoing: ServerResponse, serving: Serving, code: WireCode): void {
  const context = contextOf(incoming, serving);
  const { requestId } = context;
  const reply = refuse(context, code);
  const method = incoming.method ?? "";
  const { peer } = arrivedFrom(incoming, serving.proxies ?? NO_PROXIES);
  const { status } = reply;
  const shown = { requestId, callerRequestId: null, method, route: "none", status, ms: 0, refusal: code, peer };
  serving.observer.request(shown);
  outgoing.shouldKeepAlive = false;
  writeTo(incoming, outgoing, reply);
  incoming.resume();
}
