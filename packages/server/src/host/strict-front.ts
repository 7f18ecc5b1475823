// What stands before everything else on a real connection. It reads the raw headers and the raw target, where a Request shows only what
// a parser made of them: a second Authorization, an absolute target or a dot segment would be gone there. No framework judges this for us.

import type { IncomingMessage } from "node:http";
import { isPlainPath, MAX_BODY } from "../hallpass.ts";
import type { WireCode } from "../wire-errors.ts";

/** Two of these have two readings, and a proxy may have chosen the other one. */
const ONCE: ReadonlySet<string> = new Set([
  "authorization",
  "host",
  "content-type",
  "content-length",
  "content-encoding",
  "transfer-encoding",
  "dpop",
  "idempotency-key",
  "hallpass-actor",
  "hallpass-actor-token",
  "if-none-match",
  "x-request-id",
]);

/** Lines. The parser would leave out those that it counts no more, and with them perhaps what a proxy has added at the end. */
export const MAX_HEADERS = 100;

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
/** Names of which every reader makes the same: the last label of an address is a number in some spelling, theirs starts with a letter and is not coded. */
const PLAIN_NAME = /^(?:[a-z0-9_-]+\.)*(?!xn--)[a-z][a-z0-9_-]*(?::[1-5]?\d{1,4})?$/;
const PLAIN_ADDRESS = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!:|$)|(?=:|$))){4}(?::[1-5]?\d{1,4})?$/;

/** Undefined for a request that has one reading. */
export function frontRefusal(incoming: IncomingMessage): WireCode | undefined {
  const { rawHeaders, headers, method, httpVersion, url = "" } = incoming;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return "request_malformed";
  if (rawHeaders.length > 2 * MAX_HEADERS) return "headers_too_large";
  // As many names as lines: no name stands twice. Node keeps each name once, in lower case.
  if (Object.keys(headers).length * 2 !== rawHeaders.length && standsTwice(rawHeaders)) return "header_duplicate";
  const question = url.indexOf("?");
  if (!isPlainPath(question === -1 ? url : url.slice(0, question)) || !isPlainQuery(url, question))
    return "target_malformed";
  const { host } = headers;
  if (host === undefined || !isPlainHost(host)) return "host_malformed";
  if (headers["content-encoding"] !== undefined) return "body_encoded";
  const coding = headers["transfer-encoding"];
  // Other codings would have to be undone, and HTTP/1.0 knows none: whoever sends one before us may have cut elsewhere (RFC 9112 section 6.1).
  if (coding !== undefined && (httpVersion === "1.0" || coding.toLowerCase() !== "chunked")) return "body_encoded";
  const length = headers["content-length"];
  const hasBody = coding !== undefined || (length !== undefined && length !== "0");
  if (hasBody && (method === "GET" || method === "HEAD" || method === "OPTIONS")) return "body_unexpected";
  if (length !== undefined && Number(length) > MAX_BODY) return "body_too_large";
  return undefined;
}

function standsTwice(rawHeaders: readonly string[]): boolean {
  const seen: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? "";
    if (!ONCE.has(name)) continue;
    if (seen.includes(name)) return true;
    seen.push(name);
  }
  return false;
}

/** The last one that was found to be plain: most requests name the same. */
let lastPlain = "localhost";

function isPlainHost(host: string): boolean {
  if (host === lastPlain) return true;
  const plain = HOST.test(host) && hasOneName(host);
  if (plain) lastPlain = host;
  return plain;
}

/** A port that is none, and an address that is written in more than one way, have no name that everyone reads alike. */
function hasOneName(host: string): boolean {
  if (PLAIN_NAME.test(host) || PLAIN_ADDRESS.test(host)) return true;
  const url = `http://${host}`;
  return URL.canParse(url) && new URL(url).hostname === host.replace(/:\d+$/, "").toLowerCase();
}

/** Printable ASCII without a fragment; what its parts mean is for the endpoint. */
function isPlainQuery(url: string, question: number): boolean {
  return question === -1 || /^[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*$/.test(url.slice(question));
}
