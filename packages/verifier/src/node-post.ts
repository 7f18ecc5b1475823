// The same question through node:http and node:https: Node's first `fetch` in a process takes longer than all the rest of a cold start, and
// these are there already. For verifiers that pull, which a function makes anew with every instance.

import { joined, type Post, type PostReply, type Question } from "./fetch-post.ts";

/** What of Node is used, by name: this package imports no type of Node. */
interface Incoming {
  readonly statusCode?: number;
  readonly headers: { readonly "content-encoding"?: string; readonly "content-type"?: string };
  on(event: "data", call: (chunk: Uint8Array) => void): this;
  on(event: "end" | "aborted", call: () => void): this;
  on(event: "error", call: (cause: Error) => void): this;
  resume(): void;
}

interface Outgoing {
  readonly reusedSocket: boolean;
  on(event: "error", call: (cause: Error & { readonly code?: string }) => void): this;
  on(event: "finish", call: () => void): this;
  destroy(): void;
  end(body: string): void;
}

interface NodeHttp {
  request(url: string, options: object, call: (incoming: Incoming) => void): Outgoing;
}

interface NodeZlib {
  gunzip(
    bytes: Uint8Array,
    options: { readonly maxOutputLength: number },
    call: (cause: Error | null, plain: Uint8Array) => void,
  ): void;
}

interface NodeModules {
  readonly "node:http": NodeHttp;
  readonly "node:https": NodeHttp;
  readonly "node:zlib": NodeZlib;
}

interface NodeGlobals {
  readonly navigator?: { readonly userAgent?: string };
  readonly process: { getBuiltinModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] };
}

/**
 * Undefined but on Node itself, by the name that a platform gives itself: Bun, Deno and workers may have these modules, too, and a `fetch` that
 * starts as fast. Loads what the issuer's address needs, at once; what opens compressed answers with the first of them.
 */
export function nodePost(issuer: string): Post | undefined {
  const { navigator, process } = globalThis as NodeGlobals;
  if (navigator?.userAgent?.startsWith("Node.js/") !== true) return undefined;
  const http = process.getBuiltinModule(issuer.startsWith("https:") ? "node:https" : "node:http");
  const zlib = (): NodeZlib => process.getBuiltinModule("node:zlib");
  return (question) => ask(http, zlib, question, true);
}

function ask(http: NodeHttp, zlib: () => NodeZlib, question: Question, again: boolean): Promise<PostReply> {
  const { url, headers, body, longest, signal, sent } = question;
  return new Promise((resolve, reject) => {
    const options = {
      method: "POST",
      headers: {
        ...headers,
        "accept-encoding": "gzip",
        "content-length": String(new TextEncoder().encode(body).length),
      },
      signal,
      // Whatever else is held open may be as dead as the one before.
      ...(again ? {} : { agent: false }),
    };
    const request = http.request(url, options, (incoming) => {
      const { statusCode: status = 0, headers: said } = incoming;
      const type = said["content-type"] ?? null;
      incoming.on("error", reject).on("aborted", () => reject(new Error("the answer was cut off")));
      if (status !== 200) {
        incoming.resume();
        resolve({ status, type, bytes: new Uint8Array(0) });
        return;
      }
      const chunks: Uint8Array[] = [];
      let length = 0;
      incoming.on("data", (chunk) => {
        length += chunk.length;
        if (length <= longest) return void chunks.push(chunk);
        // The end may be here already, and would be taken for that of a whole answer. The connection may be nobody's again: an error that
        // it were given as the reason would end the process (Node 24).
        reject(new Error("the answer is too long"));
        request.destroy();
      });
      incoming.on("end", () => {
        plainOf(zlib, joined(chunks, length), said["content-encoding"], longest)
          .then((bytes) => resolve({ status, type, bytes }))
          .catch(reject);
      });
    });
    request.on("error", (cause) => {
      // A connection that was kept may have ended while the instance was frozen: nobody has seen the question then.
      if (again && request.reusedSocket && (cause.code === "ECONNRESET" || cause.code === "EPIPE"))
        resolve(ask(http, zlib, question, false));
      else reject(cause);
    });
    if (sent !== undefined && again) request.on("finish", sent);
    request.end(body);
  });
}

function plainOf(
  load: () => NodeZlib,
  bytes: Uint8Array,
  encoding: string | undefined,
  longest: number,
): Promise<Uint8Array> {
  if (encoding === undefined || encoding === "identity") return Promise.resolve(bytes);
  if (encoding !== "gzip") return Promise.reject(new Error("the answer is encoded as nobody asked for"));
  return new Promise((resolve, reject) => {
    load().gunzip(bytes, { maxOutputLength: longest }, (cause, plain) =>
      cause === null ? resolve(plain) : reject(cause),
    );
  });
}
