// What is answered: JSON with the headers that every answer has, refusals in the shape of the path they stand under,
// faults as 503, defects as 500. Nothing of a cause ever leaves.

import { Fault, type MandatePart } from "@hallpass/core";
import { type BearerChallenge, bearerChallenge } from "@hallpass/protocol";
import type { WrongMember } from "./endpoints/wrong-members.ts";
import { FAULT_TITLES, WIRE_ERRORS, type WireCode } from "./wire-errors.ts";

/** `oauth`: RFC 6749 section 5.2. `v1`: RFC 9457 problem details. */
export type Surface = "oauth" | "v1";

/** What an answer's headers and an error's links need to know of the request. */
export interface ReplyContext {
  readonly requestId: string;
  readonly surface: Surface;
  /** The issuer's URL; the reference of refusals stands below it. */
  readonly issuer: string;
}

type Headers = Readonly<Record<string, string>>;

/** An answer before anyone wrote it down: a Response costs more than everything in it. */
export interface Reply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Headers;
  /** Bytes only where they were compressed before. */
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  /** Instead of a body: text in pieces, each pulled when the one before it is on its way. Whoever stops reading it ends it. */
  readonly stream?: AsyncGenerator<string, void>;
  /** The code of a refusal, for the facts; what is on the wire may say less. */
  readonly refused?: WireCode;
  /** The person behind the call, for the log. */
  readonly by?: { readonly id: string; readonly proof: "declared" | "proven" };
}

const JSON_TYPE = "application/json";
const PROBLEM_TYPE = "application/problem+json";

/** On every answer. Nothing of ours belongs into a frame, a cache or a referrer, unless an endpoint says otherwise. */
const ALWAYS: Headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

export function reply(context: ReplyContext, status: number, body: unknown, more?: Headers): Reply {
  return text(context, status, JSON.stringify(body), JSON_TYPE, more);
}

export function text(
  context: ReplyContext,
  status: number,
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
  more?: Headers,
): Reply {
  // A literal and one copy at most: this is on the path of every request.
  const own = { ...ALWAYS, "content-type": type, "x-request-id": context.requestId };
  const headers = more === undefined ? own : { ...own, ...more };
  return { status, headers, body };
}

export function stream(context: ReplyContext, type: string, pieces: AsyncGenerator<string, void>): Reply {
  // A proxy that gathers an answer before it passes it on would pass on nothing.
  return { ...empty(context, 200, { "content-type": type, "x-accel-buffering": "no" }), stream: pieces };
}

export function empty(context: ReplyContext, status: number, more?: Headers): Reply {
  return { status, headers: { ...ALWAYS, "x-request-id": context.requestId, ...more }, body: null };
}

export function refuse(context: ReplyContext, code: WireCode, more?: Headers): Reply {
  const { status, oauth, title } = WIRE_ERRORS[code];
  if (context.surface === "v1") return { ...problem(context, status, code, title, more), refused: code };
  const body = { error: oauth, error_description: title, error_uri: reference(context, code) };
  // RFC 6749 section 5.2: a client that failed to authenticate learns the scheme.
  const challenge = status === 401 ? { "www-authenticate": BASIC_CHALLENGE } : undefined;
  return { ...reply(context, status, body, { ...challenge, ...more }), refused: code };
}

/** `request_invalid`, with every member that is wrong (RFC 9457 section 3.1). */
export function refuseMembers(context: ReplyContext, errors: readonly WrongMember[]): Reply {
  const { status, title } = WIRE_ERRORS.request_invalid;
  return { ...problem(context, status, "request_invalid", title, undefined, { errors }), refused: "request_invalid" };
}

/** `mandate_exceeded`, with the parts of the mandate that the call lies beyond: words of ours, and nothing of the request. */
export function refuseMandate(context: ReplyContext, exceeded: readonly MandatePart[]): Reply {
  const { status, title } = WIRE_ERRORS.mandate_exceeded;
  const said = exceeded.length === 0 ? undefined : { exceeded };
  return { ...problem(context, status, "mandate_exceeded", title, undefined, said), refused: "mandate_exceeded" };
}

export function refuseBearer(context: ReplyContext, code: WireCode, challenge: BearerChallenge): Reply {
  return refuse(context, code, { "www-authenticate": bearerChallenge({ realm: "hallpass", ...challenge }) });
}

/** 503 for a fault, 500 for everything else. The caller logs what was thrown; the answer holds none of it. */
export function failure(context: ReplyContext, thrown: unknown): Reply {
  if (!(thrown instanceof Fault)) return fail(context, 500, "defect", "Something went wrong in the server.");
  return fail(context, 503, thrown.code, FAULT_TITLES[thrown.code], { "retry-after": String(thrown.retryAfter) });
}

/** Turned away before anything was looked at. `retryAfter`: whole seconds. */
export function overloaded(context: ReplyContext, retryAfter: number): Reply {
  return fail(context, 503, "overloaded", FAULT_TITLES.overloaded, { "retry-after": String(retryAfter) });
}

function fail(context: ReplyContext, status: number, code: string, title: string, more?: Headers): Reply {
  if (context.surface === "v1") return problem(context, status, code, title, more);
  // RFC 6749 has no code for it at the token endpoint; these two are those of section 4.1.2.1.
  const error = status === 503 ? "temporarily_unavailable" : "server_error";
  return reply(context, status, { error, error_description: title, error_uri: reference(context, code) }, more);
}

function problem(
  context: ReplyContext,
  status: number,
  code: string,
  title: string,
  more?: Headers,
  said?: { readonly errors: readonly WrongMember[] } | { readonly exceeded: readonly MandatePart[] },
): Reply {
  const body = { type: reference(context, code), title, status, code, request_id: context.requestId, ...said };
  return text(context, status, JSON.stringify(body), PROBLEM_TYPE, more);
}

function reference(context: ReplyContext, code: string): string {
  return `${context.issuer}/reference/refusals#${code}`;
}

const BASIC_CHALLENGE = 'Basic realm="hallpass", charset="UTF-8"';
