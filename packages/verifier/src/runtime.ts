// The one file that hands the platform in: clock, timers, dice, WebSocket, fetch or node:http.

import {
  FEED_SCOPE,
  FEED_SUBPROTOCOL,
  FRAMES_TYPE,
  isJsonObject,
  isMediaType,
  PACKED_FRAMES_TYPE,
  parseBearer,
  parseStrictJson,
} from "@hallpass/protocol";
import { boundedMessages } from "./bounded-messages.ts";
import { type Fetch, fetchPost, type Post, textOf } from "./fetch-post.ts";
import { nodePost } from "./node-post.ts";
import { platformCrypto } from "./platform-crypto.ts";
import type { Connection, FeedBearer, OpenConnection, Ports, PullReply } from "./ports.ts";
import { tokenRefused } from "./trouble.ts";

const ANSWER_WITHIN_MS = 5000;
const LONGEST_ANSWER = 65_536;
/** Some 400,000 live notices as text. */
const LONGEST_FRAMES = 64 * 1024 * 1024;

export interface RuntimeCredentials {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Asks through the app's `fetch` where there is one; else a verifier that pulls on Node through node:http, and every other through the platform's. */
export function platformPorts(credentials: RuntimeCredentials, feed?: "push" | "pull", ownFetch?: Fetch): Ports {
  const base = credentials.issuer.replace(/\/$/, "");
  const direct = feed === "pull" && ownFetch === undefined ? nodePost(base) : undefined;
  const send = direct ?? fetchPost(ownFetch ?? ((url, init) => fetch(url, init)));
  const post = (path: string, form: Record<string, string>, sent?: () => void): Promise<string> =>
    postForm(send, `${base}${path}`, form, credentials, sent);
  return {
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    scheduler: { after },
    crypto: platformCrypto(),
    connect,
    fetchToken: async (sent) => {
      const askedAt = Date.now();
      // Named (RFC 8707), because a client's default audience may be its API.
      const form = { grant_type: "client_credentials", scope: FEED_SCOPE, resource: base };
      return readBearer(await post("/oauth2/token", form, sent), askedAt);
    },
    pull: (token, body) => pullFrames(send, `${base}/v1/feed`, token, body),
    introspect: (token) => post("/oauth2/introspect", { token }),
  };
}

/** Milliseconds. Beyond it timers of the platform fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

// A waiting timer keeps no process alive: what it serves does, and who awaits it.
function after(ms: number, task: () => void, awaited?: "awaited"): () => void {
  const timer: unknown = setTimeout(task, Math.min(ms, LONGEST_TIMER));
  if (awaited !== undefined) return () => clearTimeout(timer as number);
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")
    timer.unref();
  return () => clearTimeout(timer as number);
}

function connect({ url, token, onOpen, onText, onBytes, onClose }: OpenConnection): Connection {
  // The platform makes its WebSocket ready, and what dispatches for it, when it is first named.
  const Socket = WebSocket;
  // Headers are an addition that Node, Bun and Deno have; a browser is no resource server.
  const headers = { authorization: `Bearer ${token}` };
  const init: unknown = { protocols: [FEED_SUBPROTOCOL], headers, ...boundedMessages() };
  const socket = new Socket(url, init as string[]);
  let over = false;
  const finish = (code: number): void => {
    if (!over) onClose(code);
    over = true;
  };
  socket.onopen = () => onOpen();
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }: { readonly data: unknown }) => {
    if (data instanceof ArrayBuffer) onBytes(new Uint8Array(data));
    else onText(typeof data === "string" ? data : "");
  };
  socket.onclose = ({ code }) => finish(code);
  // A failed upgrade may be told by an error alone.
  socket.onerror = () => {
    if (socket.readyState === Socket.CLOSED) finish(1006);
  };
  return {
    send: (text) => {
      if (socket.readyState === Socket.OPEN) socket.send(text);
    },
    close: (code) => socket.close(code),
  };
}

// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
async function postForm(
  post: Post,
  url: string,
  form: Record<string, string>,
  credentials: RuntimeCredentials,
  sent: (() => void) | undefined,
): Promise<string> {
  const basic = btoa(`${formEncoded(credentials.clientId)}:${formEncoded(credentials.clientSecret)}`);
  const reply = await post({
    url,
    headers: {
      authorization: `Basic ${basic}`,
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams(form).toString(),
    longest: LONGEST_ANSWER,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    sent,
  });
  if (reply.status !== 200)
    throw new Error(
      "grant_type" in form ? tokenRefused(reply.status) : `${new URL(url).pathname} answered ${reply.status}`,
    );
  return textOf(reply);
}

// Compressed bodies are asked for and opened by whoever posts. A server of before knows frames one to a line only.
async function pullFrames(post: Post, url: string, token: string, body: string): Promise<PullReply> {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: `${PACKED_FRAMES_TYPE}, ${FRAMES_TYPE}`,
    "content-type": FRAMES_TYPE,
  };
  const question = { url, headers, body, longest: LONGEST_FRAMES, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) };
  const reply = await post(question);
  return isMediaType(reply.type, PACKED_FRAMES_TYPE)
    ? { status: reply.status, text: "", packed: reply.bytes }
    : { status: reply.status, text: textOf(reply) };
}

function readBearer(body: string, askedAt: number): FeedBearer {
  const parsed = parseStrictJson(body, { maxLength: LONGEST_ANSWER, maxDepth: 8, maxMembers: 64 });
  const answer = parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};
  const { access_token: token, token_type: type, expires_in: expires } = answer;
  const isToken = typeof token === "string" && parseBearer(`Bearer ${token}`).kind === "bearer";
  // What fits into no header would be thrown at whoever connects, where nobody catches it.
  if (!isToken || typeof type !== "string" || type.toLowerCase() !== "bearer") {
    throw new Error("the issuer answered without a bearer");
  }
  return typeof expires === "number" && expires > 0 ? { token, expiresAt: askedAt + expires * 1000 } : { token };
}

function formEncoded(text: string): string {
  return new URLSearchParams({ a: text }).toString().slice(2);
}
