// What never becomes a request: bytes that no parser takes, heads that are too large, bodies that do not come, and methods and expectations
// that Node answers by itself. Each gets the same kind of answer as every other no, and its connection ends.

import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Dice } from "@hallpass/core";
import { requestIds } from "../hallpass.ts";
import { type Reply, refuse } from "../replies.ts";
import type { WireCode } from "../wire-errors.ts";

interface Answering {
  readonly dice: Dice;
  readonly issuer: string;
}

/** Of `clientError`, by Node's own codes; everything else is malformed. */
const CODES: Readonly<Record<string, WireCode>> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "body_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

export function answerBroken(server: Server, answering: Answering): void {
  const newRequestId = requestIds(answering.dice);
  const refused = (code: WireCode, more?: Reply["headers"]): Reply => {
    const context = { requestId: newRequestId(), surface: "v1" as const, issuer: answering.issuer };
    return refuse(context, code, more);
  };
  // Before the same error is a `clientError`: no answer leaves before there is a handshake, and Node would leave the connection to us.
  server.prependListener("tlsClientError", (_error: Error, socket: Duplex) => void socket.destroy());
  server.on("clientError", (error: Error & { readonly code?: string }, socket: Duplex) => {
    // Whoever has hung up hears nothing, and an answer that has begun is not written into.
    if (!socket.writable || hasBegun(socket)) return void socket.destroy();
    endWith(socket, refused(CODES[error.code ?? ""] ?? "request_malformed"));
  });
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => socket.destroy());
    endWith(socket, refused("method_not_allowed", { allow: "GET, POST" }));
  });
  server.on("checkExpectation", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { status, headers, body } = refused("expectation_unknown");
    outgoing.shouldKeepAlive = false;
    const text = typeof body === "string" ? body : "";
    outgoing.writeHead(status, { ...headers, "content-length": Buffer.byteLength(text) });
    outgoing.end(incoming.method === "HEAD" ? undefined : text);
    incoming.resume();
  });
}

/** Node keeps the answer that a socket is writing on the socket itself; its own answer to `clientError` asks the same. */
function hasBegun(socket: Duplex): boolean {
  const { _httpMessage: outgoing } = socket as Duplex & { readonly _httpMessage?: ServerResponse | null };
  return outgoing?.headersSent === true;
}

function endWith(socket: Duplex, { status, headers, body }: Reply): void {
  const text = typeof body === "string" ? body : "";
  const all = { ...headers, connection: "close", "content-length": String(Buffer.byteLength(text)) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  // Whoever does not close its side would hold the socket.
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines, "", text].join("\r\n"), () => {
    socket.destroy();
  });
}
