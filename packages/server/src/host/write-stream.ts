// Writes an answer that goes on. The next piece is asked for when the one before has left for the socket, so that a reader that is slow holds
// up nobody but itself; one that reads nothing at all is cut.

import type { ServerResponse } from "node:http";

/** Milliseconds in which a reader has to take what was sent. It can go on from the last cursor that it got. */
const STALLED_MS = 30_000;

/** Settles when all is written or the reader is gone; the pieces are ended either way. Rejects with what they threw: then the connection is cut. */
export async function writeStream(
  outgoing: ServerResponse,
  pieces: AsyncGenerator<string, void>,
  stalledMs: number = STALLED_MS,
): Promise<void> {
  const gone = new Promise<void>((resolve) => outgoing.once("close", resolve));
  try {
    for await (const piece of pieces) {
      if (outgoing.destroyed) return;
      if (!outgoing.write(piece)) await drained(outgoing, gone, stalledMs);
      if (outgoing.destroyed) return;
    }
    outgoing.end();
  } catch (thrown) {
    // A reader must not take what was cut off for the end.
    outgoing.destroy();
    throw thrown;
  }
}

async function drained(outgoing: ServerResponse, gone: Promise<void>, stalledMs: number): Promise<void> {
  const stalled = setTimeout(() => outgoing.destroy(), stalledMs);
  await Promise.race([new Promise<void>((resolve) => outgoing.once("drain", resolve)), gone]);
  clearTimeout(stalled);
}
