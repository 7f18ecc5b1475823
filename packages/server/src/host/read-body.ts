// Reads a request's body whole, and never more of it than the limit.

import type { IncomingMessage } from "node:http";
import { MAX_BODY } from "../hallpass.ts";

const NONE = new Uint8Array(0);

/** `too_large` as soon as the limit is passed; rejects when the sender goes away before the end. */
export function readBody(incoming: IncomingMessage): Promise<Uint8Array | "too_large"> | Uint8Array {
  const { headers } = incoming;
  if (headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0") return NONE;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let ended = false;
    incoming.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_BODY) {
        incoming.pause();
        resolve("too_large");
        return;
      }
      chunks.push(chunk);
    });
    incoming.on("end", () => {
      ended = true;
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    incoming.on("error", reject);
    incoming.on("close", () => {
      // Every request closes; an error, with its stack, is made for those alone that were cut off.
      if (!ended) reject(new Error("the request was cut off"));
    });
  });
}
