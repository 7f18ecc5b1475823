// HMAC-SHA256 (RFC 2104) of short messages, made of two calls of the platform's one-shot hash: a MAC object that is made for
// one message costs about twice as much (bench/README.md), and a refresh needs five. Vectors: RFC 4231.

import { hash } from "node:crypto";

const BLOCK = 64;
const DIGEST = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
/** Written anew for every message; longer ones than any of ours get a place of their own. */
const inside = Buffer.alloc(1024);
const outside = Buffer.alloc(BLOCK + DIGEST);

/**
 * 32 bytes: the MAC of `text`, in UTF-8, followed by the pieces.
 * Throws a RangeError for a key of more than 64 bytes: RFC 2104 would hash it first, and none of ours is so long.
 */
export function hmacSha256(key: Uint8Array, text: string, ...pieces: readonly Uint8Array[]): Uint8Array {
  if (key.length > BLOCK) throw new RangeError("a MAC key has at most 64 bytes");
  let end = BLOCK + Buffer.byteLength(text);
  const length = pieces.reduce((sum, piece) => sum + piece.length, end);
  const message = length <= inside.length ? inside : Buffer.allocUnsafe(length);
  message.fill(INNER_PAD, key.length, BLOCK);
  outside.fill(OUTER_PAD, key.length, BLOCK);
  for (let at = 0; at < key.length; at += 1) {
    const byte = key[at] ?? 0;
    message[at] = byte ^ INNER_PAD;
    outside[at] = byte ^ OUTER_PAD;
  }
  message.write(text, BLOCK);
  for (const piece of pieces) {
    message.set(piece, end);
    end += piece.length;
  }
  outside.write(hash("sha256", message.subarray(0, length), "latin1"), BLOCK, "latin1");
  // The platform writes bytes as a text three times as fast as it makes a buffer of them.
  const mac = Buffer.allocUnsafe(DIGEST);
  mac.write(hash("sha256", outside, "latin1"), "latin1");
  return mac;
}
