// The answer to a pull as bytes. Its snapshot may be a megabyte, is the same for everyone and is compressed once: each part of
// the body is deflated by itself and ends at a whole byte, so that parts can stand one after the other in one gzip member
// (RFC 1951 section 2.3, RFC 1952 section 2.3). Packed it is smaller than that, and not compressed: ids and hashes are random bytes.

import { promisify } from "node:util";
import { constants, crc32, deflateRaw } from "node:zlib";
import { FRAMES_TYPE, PACKED_FRAMES_TYPE, packedBeginning, packFrame } from "@hallpass/protocol";
import type { PullAnswer } from "./pull.ts";
import type { Snapshot } from "./snapshots.ts";

const deflated = promisify<string, { readonly level: number; readonly finishFlush: number }, Buffer>(deflateRaw);

// Deflate, no name, no time, fastest, Unix (RFC 1952 section 2.3.1).
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 3]);
const OPEN = { level: 1, finishFlush: constants.Z_FULL_FLUSH };
const LAST = { level: 1, finishFlush: constants.Z_FINISH };

type Pause = () => Promise<void>;

/** What a request accepts. */
export interface Accepted {
  readonly gzip: boolean;
  readonly packed: boolean;
}

export interface PullBody {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly type: typeof FRAMES_TYPE | typeof PACKED_FRAMES_TYPE;
  readonly encoding: { readonly "content-encoding"?: "gzip" };
}

interface Written {
  readonly frames: readonly string[];
  readonly bytes: Buffer;
}

/** Lives as long as the snapshot itself, of which only the newest is kept. */
const written = new WeakMap<Snapshot, Promise<Written>>();

/** `pause` gives others their turn while a large snapshot is packed. */
export async function bodyOf(answer: PullAnswer, accepted: Accepted, pause: Pause): Promise<PullBody> {
  const { before, snapshot, after } = answer;
  if (accepted.packed && snapshot !== undefined) {
    const [first, last] = [before, after].map((texts) => texts.map((text) => packFrame(text)));
    const parts = await packedParts(snapshot, pause);
    const body = Buffer.concat([packedBeginning(), ...(first ?? []), ...parts, ...(last ?? [])]);
    return { body, type: PACKED_FRAMES_TYPE, encoding: {} };
  }
  if (accepted.gzip) return zipped(answer);
  return { body: linesOf([...before, ...textsOf(snapshot), ...after]), type: FRAMES_TYPE, encoding: {} };
}

async function zipped({ before, snapshot, after }: PullAnswer): Promise<PullBody> {
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
  return { body, type: FRAMES_TYPE, encoding: { "content-encoding": "gzip" } };
}

/** The gzip of RFC 9110 section 12.5.3: named, or meant by `*`. Packed frames (section 12.5.1) only by name: who takes anything knows lines. */
export function acceptedBy(headers: { get(name: string): string | null }): Accepted {
  const encodings = wantedIn(headers.get("accept-encoding"));
  return {
    gzip: encodings.get("gzip") ?? encodings.get("*") ?? false,
    packed: wantedIn(headers.get("accept")).get(PACKED_FRAMES_TYPE) ?? false,
  };
}

/** What is named, and whether with a weight above 0. */
function wantedIn(header: string | null): ReadonlyMap<string, boolean> {
  return new Map(
    (header ?? "").split(",").map((one) => {
      const [name = "", ...parameters] = one.split(";").map((word) => word.trim().toLowerCase());
      return [name, !parameters.some((parameter) => /^q=0(?:\.0{0,3})?$/.test(parameter))];
    }),
  );
}

async function packedParts({ parts }: Snapshot, pause: Pause): Promise<readonly Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for (const one of parts) {
    if (!one.isPacked) await pause();
    frames.push(one.frame);
  }
  return frames;
}

/** Its parts as they stand on a line each. */
export function textsOf(snapshot: Snapshot | undefined): readonly string[] {
  return (snapshot?.parts ?? []).map(({ text }) => text);
}

function writtenOf(snapshot: Snapshot): Promise<Written> {
  const before = written.get(snapshot);
  if (before !== undefined) return before;
  const made = part(textsOf(snapshot), OPEN);
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
