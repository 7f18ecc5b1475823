// The server's API as this program calls it: a token of exactly the scope that is needed, one request, one answer.
// What was refused is a complaint with the server's own sentence; what can't be known says so and is never success.

import { Complaint } from "../complaint.ts";
import { EXIT } from "../exit-codes.ts";
import { noAnswer } from "./no-answer.ts";
import { HINTS, type WrongMember, wrongIn } from "./refusal-hints.ts";
import type { Credentials } from "./settings.ts";

export interface Call {
  /** The empty text stands for all that the client may have. */
  readonly scope: string;
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: object;
  /** Added to the ten seconds in which an answer has to come. */
  readonly waitMs?: number;
  /** What to tell a person when no answer came to something that may have happened. */
  readonly unknown?: string;
}

export interface ServerApi {
  readonly url: string;
  /** The answer's body, as its endpoint declares it. Throws a complaint. */
  call<Body>(call: Call): Promise<Body>;
  /** The answer's body as text. Throws a complaint. */
  text(call: Call): Promise<string>;
  /** The lines of an answer that goes on, as they come; with a token of its own. Throws a complaint, also when it breaks off. */
  lines<Line>(call: Call): AsyncGenerator<Line, void>;
  /** An access token of that scope, the one with which calls are made. Throws a complaint. */
  token(scope: string): Promise<string>;
  /** What the server calls itself: the issuer of its tokens, and the audience of its API. */
  issuer(): Promise<string>;
}

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly error?: string;
  readonly error_description?: string;
  readonly errors?: readonly WrongMember[];
  /** Parts of a mandate. */
  readonly exceeded?: readonly string[];
}

const ANSWER_WITHIN_MS = 10_000;
/** The server says something every ten seconds. */
const SILENT_MS = 30_000;

/** Tokens are kept for the length of one command. `actor` is the person at this terminal, if they say who they are: it stands in facts, receipts and logs. */
export function serverApi(url: string, credentials: () => Credentials, actor?: string): ServerApi {
  const tokens = new Map<string, string>();
  const tokenOf = async (scope: string): Promise<string> => {
    const token = tokens.get(scope) ?? (await fetchToken(url, credentials(), scope));
    tokens.set(scope, token);
    return token;
  };
  const sendWithToken = async (call: Call, accept?: string): Promise<Response> =>
    send(url, call.path, call, {
      method: call.method,
      headers: {
        authorization: `Bearer ${await tokenOf(call.scope)}`,
        ...(accept === undefined ? {} : { accept }),
        ...(actor === undefined ? {} : { "hallpass-actor": actor }),
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  return {
    url,
    token: tokenOf,
    async call<Body>(call: Call): Promise<Body> {
      return (await bodyOf(url, await sendWithToken(call), call)) as Body;
    },
    async text(call) {
      const response = await sendWithToken(call);
      if (!response.ok) await bodyOf(url, response, call);
      return response.text();
    },
    async *lines<Line>(call: Call) {
      tokens.delete(call.scope);
      const response = await sendWithToken({ ...call, waitMs: NEVER_MS }, NDJSON);
      const isStream = response.headers.get("content-type") === NDJSON;
      if (!response.ok || response.body === null) await bodyOf(url, response, call);
      else if (!isStream) throw new Complaint(EXIT.refused, `${url} streams nothing`, "it is older than this program");
      else for await (const line of linesOf(url, response.body)) yield JSON.parse(line) as Line;
    },
    async issuer() {
      const response = await send(url, "/.well-known/oauth-authorization-server", {}, {});
      const { issuer } = (await bodyOf(url, response, {})) as { readonly issuer: string };
      return issuer;
    },
  };
}

const NDJSON = "application/x-ndjson";
/** A stream has no end that could be waited for; that it is silent is found by `linesOf`. */
const NEVER_MS = 2 ** 31 - 1 - ANSWER_WITHIN_MS;

async function* linesOf(url: string, body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), silence()]);
      if (done) return;
      const lines = `${rest}${decoder.decode(value, { stream: true })}`.split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } catch {
    throw new Complaint(EXIT.unavailable, `${url} said no more`, "try again");
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function silence(): Promise<never> {
  const signal = AbortSignal.timeout(SILENT_MS);
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("nothing came"))));
}

async function fetchToken(url: string, { clientId, clientSecret }: Credentials, scope: string): Promise<string> {
  const encoded = [clientId, clientSecret].map(encodeURIComponent).join(":");
  const call = {};
  const response = await send(url, "/oauth2/token", call, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(encoded).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...(scope === "" ? {} : { scope }) }),
  });
  const { access_token: token } = (await bodyOf(url, response, call)) as { readonly access_token: string };
  return token;
}

async function send(
  url: string,
  path: string,
  call: Pick<Call, "waitMs" | "unknown">,
  init: RequestInit,
): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS + (call.waitMs ?? 0));
    return await fetch(`${url}${path}`, { ...init, redirect: "error", signal });
  } catch (cause) {
    throw noAnswer(url, cause, call.unknown);
  }
}

async function bodyOf(url: string, response: Response, call: Pick<Call, "unknown">): Promise<unknown> {
  if (response.status === 204) return {};
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && typeof body === "object" && body !== null) return body;
  const {
    code,
    title,
    error,
    error_description: description,
    errors,
    exceeded,
  }: Problem = typeof body === "object" && body !== null ? body : {};
  const what = title ?? description ?? `${url} answered ${response.status}`;
  const id = response.headers.get("x-request-id");
  const place = `${code ?? error ?? response.status}${id === null ? "" : `, request ${id}`}`;
  if (response.status === 429) {
    const seconds = response.headers.get("retry-after");
    const when = seconds === null || !/^\d{1,6}$/.test(seconds) ? "later" : `in ${seconds} s`;
    throw new Complaint(EXIT.unavailable, `${what} (${place})`, `nothing was done; try again ${when}`);
  }
  if (response.status >= 500) throw new Complaint(EXIT.unavailable, `${what} (${place})`, call.unknown ?? "try again");
  if (code === undefined && error === undefined)
    throw new Complaint(EXIT.refused, what, "is that a Hallpass server? its refusals have a code, and this has none");
  const hint = errors?.map(wrongIn).join(", ") ?? HINTS[code ?? error ?? ""] ?? "nothing was changed";
  const beyond = exceeded === undefined ? "" : `beyond its ${exceeded.join(", ")}; `;
  throw new Complaint(EXIT.refused, `${what} (${place})`, `${beyond}${hint}`);
}
