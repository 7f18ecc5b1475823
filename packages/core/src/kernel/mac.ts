// HMAC-SHA256 (RFC 2104) of short messages, made of two calls of the platform's one-shot hash: a MAC object that is made for
// one message costs about twice as much (bench/README.md), and a refresh needs five. Messages are put together and MACs are compared
// in places that are made once, by loops: a call of the platform for each of these few bytes costs more than a hash. Vectors: RFC 4231.

import { hash, timingSafeEqual } from "node:crypto";

const BLOCK = 64;
const DIGEST = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
const LAST_ASCII = 0x7f;
/** Longer messages than any of ours get a place of their own. */
const PLACE = 1024;

/** Written anew for every message. */
const inside = Buffer.alloc(PLACE);
const outside = Buffer.alloc(BLOCK + DIGEST);
/** The start of `inside`, by its length: a message of ours always has one of a few. */
const starts: (Buffer | undefined)[] = Array.from({ length: PLACE + 1 });
const shown = Buffer.alloc(DIGEST);
const expected = Buffer.alloc(DIGEST);

/**
 * 32 bytes: the MAC of `text`, in UTF-8, followed by the pieces.
 * Throws a RangeError for a key of more than 64 bytes: RFC 2104 would hash it first, and none of ours is so long.
 */
export function hmacSha256(key: Uint8Array, text: string, ...pieces: readonly Uint8Array[]): Uint8Array {
  return bytesOf(macText(key, text, pieces), DIGEST);
}

/** The first `length` bytes of it. */
export function shortMac(length: number, key: Uint8Array, text: string, ...pieces: readonly Uint8Array[]): Uint8Array {
  return bytesOf(macText(key, text, pieces), length);
}

/** Whether `mac` is that of `text` and the pieces, or its first bytes; at least one. Takes the same time wherever they differ. */
export function macFits(mac: Uint8Array, key: Uint8Array, text: string, ...pieces: readonly Uint8Array[]): boolean {
  if (mac.length === 0 || mac.length > DIGEST) return false;
  const right = macText(key, text, pieces);
  // What `mac` does not have is equal on both sides.
  for (let at = 0; at < DIGEST; at += 1) {
    shown[at] = at < mac.length ? (mac[at] ?? 0) : 0;
    expected[at] = at < mac.length ? right.charCodeAt(at) : 0;
  }
  return timingSafeEqual(shown, expected);
}

/** Its bytes as the characters of a text: the platform writes that three times as fast as it makes a buffer. */
function macText(key: Uint8Array, text: string, pieces: readonly Uint8Array[]): string {
  if (key.length > BLOCK) throw new RangeError("a MAC key has at most 64 bytes");
  let length = BLOCK + text.length;
  for (const piece of pieces) length += piece.length;
  const message = length <= PLACE ? inside : Buffer.allocUnsafe(length);
  for (let at = 0; at < BLOCK; at += 1) {
    const byte = at < key.length ? (key[at] ?? 0) : 0;
    message[at] = byte ^ INNER_PAD;
    outside[at] = byte ^ OUTER_PAD;
  }
  let end = BLOCK;
  for (let at = 0; at < text.length; at += 1, end += 1) {
    const code = text.charCodeAt(at);
    if (code > LAST_ASCII) return macText(key, "", [Buffer.from(text), ...pieces]);
    message[end] = code;
  }
  for (const piece of pieces) for (let at = 0; at < piece.length; at += 1, end += 1) message[end] = piece[at] ?? 0;
  const inner = hash("sha256", message === inside ? startOf(length) : message, "latin1");
  for (let at = 0; at < DIGEST; at += 1) outside[BLOCK + at] = inner.charCodeAt(at);
  return hash("sha256", outside, "latin1");
}

function startOf(length: number): Buffer {
  return (starts[length] ??= inside.subarray(0, length));
}

function bytesOf(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}
