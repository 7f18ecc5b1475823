// The server as a Web-standard handler: mount it wherever there is a Request, or let the Node host do it (host/).
// What a Request can still show of the wire is judged here as well; what it can't (raw headers, sockets) only the host can.

import type { Dice } from "@hallpass/core";
import type { RequestHead } from "./endpoints/endpoint.ts";
import { ENDPOINTS } from "./endpoints/index.ts";
import { createRouter } from "./endpoints/router.ts";
import { type Reply, refuse } from "./replies.ts";
import type { Services } from "./services.ts";
import type { WireCode } from "./wire-errors.ts";

/** What a host knows of a request beyond the Request. */
export interface HostRequest {
  /** The whole body, if the host has read it within the limit. */
  readonly body: Uint8Array | undefined;
  /** The address of whoever is connected. */
  readonly peer: string | null;
}

export interface Hallpass {
  readonly fetch: (request: Request, host?: HostRequest) => Promise<Response>;
  /** The same for a host that has no Request and needs no Response. The body is whole and within the limit. */
  readonly answer: (request: RequestHead, body: Uint8Array, peer: string | null) => Reply | Promise<Reply>;
}

/** Bytes of a request's body. */
export const MAX_BODY = 65_536;

const NO_BODY = new Uint8Array(0);
const NO_HOST: HostRequest = { body: undefined, peer: null };

export function createHallpass(services: Services): Hallpass {
  const route = createRouter(services, ENDPOINTS);
  const newRequestId = requestIds(services.dice);

  function answer(
    request: RequestHead,
    body: Uint8Array | WireCode,
    peer: string | null,
    started = services.clock.monotonic(),
  ): Reply | Promise<Reply> {
    const requestId = newRequestId();
    const refusal = typeof body === "string" ? body : refusalOf(request);
    if (typeof body === "string" || refusal !== undefined) {
      const context = { requestId, surface: surfaceOf(request), issuer: services.issuer.url };
      const refused = refuse(context, refusal ?? "target_malformed");
      return request.method === "HEAD" ? withoutBody(refused) : refused;
    }
    const reply = route(request, { body, peer, requestId, callerRequestId: callerRequestId(request), started });
    if (request.method !== "HEAD") return reply;
    return reply instanceof Promise ? reply.then(withoutBody) : withoutBody(reply);
  }

  return {
    fetch: async (request, host = NO_HOST) => {
      const started = services.clock.monotonic();
      const head = { method: request.method, target: targetOf(request.url), headers: request.headers };
      const reply = await answer(head, host.body ?? (await readWhole(request)), host.peer, started);
      const { status, headers, body, stream } = reply;
      return new Response(stream === undefined ? body : inBytes(stream), { status, headers });
    },
    answer: (request, body, peer) => answer(request, body, peer),
  };
}

function withoutBody(reply: Reply): Reply {
  const { stream: _, ...rest } = reply;
  return { ...rest, body: null };
}

/** Pulled by whoever reads, and ended when they stop. */
function inBytes(pieces: AsyncGenerator<string, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: async () => {
      await pieces.return();
    },
  });
}

/** Characters of a request's id, and ids that are written in one go. */
const ID_LENGTH = 16;
const IDS_AT_ONCE = 64;

/** Each 96 random bits: unique, and says nothing about the server. Written many at a time, because each request has one. */
export function requestIds(dice: Dice): () => string {
  let written = "";
  let at = 0;
  return () => {
    if (at === written.length) {
      written = Buffer.from(dice.bytes((IDS_AT_ONCE * ID_LENGTH * 3) / 4)).toString("base64url");
      at = 0;
    }
    at += ID_LENGTH;
    return written.slice(at - ID_LENGTH, at);
  };
}

/** Echoed into the log only, and only if nothing in it can break out of a line. */
function callerRequestId({ headers }: RequestHead): string | null {
  const id = headers.get("x-request-id");
  return id !== null && /^[A-Za-z0-9._:+/=-]{1,128}$/.test(id) ? id : null;
}

function refusalOf({ headers, target }: RequestHead): WireCode | undefined {
  if (headers.get("content-encoding") !== null) return "body_encoded";
  return isPlainPath(pathOf(target)) ? undefined : "target_malformed";
}

/** The last one that was found to be plain: a path is judged twice in a request, and most requests have the same. */
let lastPlain = "/";

/** No path of ours needs an escape, so one spelling is enough: a proxy in front and this router can't read a path differently. */
export function isPlainPath(path: string): boolean {
  if (path === lastPlain) return true;
  const plain = /^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/.test(path) && !/(?:^|\/)\.\.?(?:\/|$)/.test(path);
  if (plain) lastPlain = path;
  return plain;
}

function pathOf(target: string): string {
  const question = target.indexOf("?");
  return question === -1 ? target : target.slice(0, question);
}

/** Path and query of a URL that a Request has parsed. */
function targetOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const fragment = url.indexOf("#");
  return url.slice(start === -1 ? url.length : start, fragment === -1 ? url.length : fragment);
}

function surfaceOf({ target }: RequestHead): "oauth" | "v1" {
  return target.startsWith("/oauth2/") ? "oauth" : "v1";
}

/** The body, or why it is not read. Counts what arrives: a length that was promised binds nobody. */
async function readWhole(request: Request): Promise<Uint8Array | WireCode> {
  if (request.body === null) return NO_BODY;
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY) return "body_too_large";
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > MAX_BODY) return "body_too_large";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
