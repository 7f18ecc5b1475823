// Frames as bytes (spec/feed.md, Packed): each its text, and beside the text of a snapshot the notices that are packed.

import { PACKED_VERSION } from "./feed-words.ts";
import { unpackNotices } from "./packed-notices.ts";
import { MAX_SNAPSHOT_PART, parseServerFrame, type ServerFrame } from "./server-frames.ts";

export const PACKED_FRAMES_TYPE = "application/vnd.hallpass.frames";
/** "HPF", and the version of the format. */
const BEGINNING: readonly number[] = [0x48, 0x50, 0x46, PACKED_VERSION];
const LENGTHS = 8;
const MOST_FRAMES = 4096;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What stands in front of the frames. */
export function packedBeginning(): Uint8Array {
  return Uint8Array.from(BEGINNING);
}

/** One frame. `notices` only beside the text of a snapshot: what `packNotices` made of some of its notices. */
export function packFrame(text: string, notices: Uint8Array = new Uint8Array(0)): Uint8Array {
  const written = new TextEncoder().encode(text);
  const bytes = new Uint8Array(LENGTHS + written.length + notices.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, written.length);
  view.setUint32(4, notices.length);
  bytes.set(written, LENGTHS);
  bytes.set(notices, LENGTHS + written.length);
  return bytes;
}

/** Frames of a later version are left out. Undefined unless every byte is where it belongs. */
export function parsePackedFrames(bytes: Uint8Array): readonly ServerFrame[] | undefined {
  if (BEGINNING.some((byte, index) => bytes[index] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: ServerFrame[] = [];
  let at = BEGINNING.length;
  for (let count = 0; at < bytes.length; count += 1) {
    if (count === MOST_FRAMES || bytes.length - at < LENGTHS) return undefined;
    const textAt = at + LENGTHS;
    const rowsAt = textAt + view.getUint32(at);
    const end = rowsAt + view.getUint32(at + 4);
    if (end > bytes.length) return undefined;
    const frame = parsePackedFrame(bytes.subarray(textAt, rowsAt), bytes.subarray(rowsAt, end));
    if (frame === undefined) return undefined;
    if (frame.type !== "ignored") frames.push(frame);
    at = end;
  }
  return frames;
}

function parsePackedFrame(text: Uint8Array, rows: Uint8Array): ReturnType<typeof parseServerFrame> {
  try {
    return parseServerFrame(
      UTF8.decode(text),
      rows.length === 0 ? undefined : () => unpackNotices(rows, MAX_SNAPSHOT_PART),
    );
  } catch {
    return undefined;
  }
}
