// Reads a request's body whole, and never more of it than the limit.

import type { IncomingMessage } from "node:http";
import { MAX_BODY } from "../hallpass.ts";

const NONE = new Uint8Array(0);

export type WholeBody = Uint8Array | "too_large" | "cut_off";

/**
 * Tells once: the body, `too_large` as soon as the limit is passed, or `cut_off` when the sender goes away before the end. By a call and not by
 * a promise, because every request has a body to wait for; `told` must not throw.
 */
export function readBody(incoming: IncomingMessage, told: (body: WholeBody) => void): void {
  const { headers } = incoming;
  if (headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0") return told(NONE);
  const chunks: Buffer[] = [];
  let length = 0;
  let isTold = false;
  const tell = (body: WholeBody): void => {
    if (isTold) return;
    isTold = true;
    told(body);
  };
  incoming.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_BODY) chunks.push(chunk);
    else {
      incoming.pause();
      tell("too_large");
    }
  });
  incoming.on("end", () => {
    const [only] = chunks;
    tell(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
  });
  // Every request closes, with an error or without: nobody who listens has to hear of one.
  incoming.on("close", () => tell("cut_off"));
}
