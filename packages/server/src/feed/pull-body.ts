// The answer to a pull as bytes. Its snapshot may be a megabyte, is the same for everyone and is compressed once: each part of
// the body is deflated by itself and ends at a whole byte, so that parts can stand one after the other in one gzip member
// (RFC 1951 section 2.3, RFC 1952 section 2.3).

import { promisify } from "node:util";
import { constants, crc32, deflateRaw } from "node:zlib";
import type { PullAnswer } from "./pull.ts";
import type { Snapshot } from "./snapshots.ts";

const deflated = promisify<string, { readonly level: number; readonly finishFlush: number }, Buffer>(deflateRaw);

// Deflate, no name, no time, fastest, Unix (RFC 1952 section 2.3.1).
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 3]);
const OPEN = { level: 1, finishFlush: constants.Z_FULL_FLUSH };
const LAST = { level: 1, finishFlush: constants.Z_FINISH };

export interface PullBody {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly encoding: { readonly "content-encoding"?: "gzip" };
}

interface Written {
  readonly frames: readonly string[];
  readonly bytes: Buffer;
}

/** Lives as long as the snapshot itself, of which only the newest is kept. */
const written = new WeakMap<Snapshot, Promise<Written>>();

export async function bodyOf({ before, snapshot, after }: PullAnswer, gzip: boolean): Promise<PullBody> {
  if (!gzip) return { body: linesOf([...before, ...(snapshot?.parts ?? []), ...after]), encoding: {} };
  const parts = await Promise.all([
    part(before, OPEN),
    ...(snapshot === undefined ? [] : [writtenOf(snapshot)]),
    part(after, LAST),
  ]);
  let [sum, length] = [0, 0];
  for (const frame of parts.flatMap(({ frames }) => frames)) {
    sum = crc32("\n", crc32(frame, sum));
    length += Buffer.byteLength(frame) + 1;
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sum, 0);
  // Modulo 2^32, as the format says.
  trailer.writeUInt32LE(length >>> 0, 4);
  const body = Buffer.concat([HEADER, ...parts.map(({ bytes }) => bytes), trailer]);
  return { body, encoding: { "content-encoding": "gzip" } };
}

/** RFC 9110 section 12.5.3: named, or meant by `*`, and not with a weight of 0. */
export function acceptsGzip(header: string | null): boolean {
  const wanted = new Map(
    (header ?? "").split(",").map((one) => {
      const [name = "", ...parameters] = one.split(";").map((word) => word.trim().toLowerCase());
      return [name, !parameters.some((parameter) => /^q=0(?:\.0{0,3})?$/.test(parameter))];
    }),
  );
  return wanted.get("gzip") ?? wanted.get("*") ?? false;
}

function writtenOf(snapshot: Snapshot): Promise<Written> {
  const before = written.get(snapshot);
  if (before !== undefined) return before;
  const made = part(snapshot.parts, OPEN);
  written.set(snapshot, made);
  // A failure is told to whoever waits for it, and the next one tries again.
  made.catch(() => written.delete(snapshot));
  return made;
}

async function part(frames: readonly string[], options: typeof OPEN): Promise<Written> {
  return { frames, bytes: await deflated(linesOf(frames), options) };
}

function linesOf(frames: readonly string[]): string {
  return frames.map((frame) => `${frame}\n`).join("");
}
