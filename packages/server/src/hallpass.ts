// The server as a Web-standard handler: mount it wherever there is a Request, or let the Node host do it (host/).
// What a Request can still show of the wire is judged here as well; what it can't (raw headers, sockets) only the host can.

import type { Dice } from "@hallpass/core";
import { ENDPOINTS } from "./endpoints/index.ts";
import { type Arrival, createRouter } from "./endpoints/router.ts";
import { refuse } from "./replies.ts";
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
}

/** Bytes of a request's body. */
export const MAX_BODY = 65_536;

const NO_BODY = new Uint8Array(0);
const NO_HOST: HostRequest = { body: undefined, peer: null };

export function createHallpass(services: Services): Hallpass {
  const route = createRouter(services, ENDPOINTS);
  return {
    fetch: async (request, host = NO_HOST) => {
      const started = services.clock.monotonic();
      const requestId = newRequestId(services.dice);
      const body = host.body ?? (await readWhole(request));
      const refusal = typeof body === "string" ? body : refusalOf(request);
      if (refusal !== undefined)
        return refuse({ requestId, surface: surfaceOf(request.url), issuer: services.issuer.url }, refusal);
      const arrival: Arrival = {
        body: body as Uint8Array,
        peer: host.peer,
        requestId,
        callerRequestId: callerRequestId(request),
        started,
      };
      return route(request, arrival);
    },
  };
}

/** 96 random bits: unique, and says nothing about the server. */
export function newRequestId(dice: Dice): string {
  return Buffer.from(dice.bytes(12)).toString("base64url");
}

/** Echoed into the log only, and only if nothing in it can break out of a line. */
function callerRequestId(request: Request): string | null {
  const id = request.headers.get("x-request-id");
  return id !== null && /^[A-Za-z0-9._:+/=-]{1,128}$/.test(id) ? id : null;
}

function refusalOf(request: Request): WireCode | undefined {
  if (request.headers.has("content-encoding")) return "body_encoded";
  return isPlainPath(pathOf(request.url)) ? undefined : "target_malformed";
}

/** No path of ours needs an escape, so one spelling is enough: a proxy in front and this router can't read a path differently. */
export function isPlainPath(path: string): boolean {
  return /^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/.test(path) && !/(?:^|\/)\.\.?(?:\/|$)/.test(path);
}

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const end = url.search(/[?#]/);
  return url.slice(start === -1 ? url.length : start, end === -1 ? url.length : end);
}

function surfaceOf(url: string): "oauth" | "v1" {
  return pathOf(url).startsWith("/oauth2/") ? "oauth" : "v1";
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
