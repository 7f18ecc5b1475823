// HMAC-SHA256 (RFC 2104) of short messages, made of two calls of the platform's one-shot hash: a MAC object that is made for
// one message costs about twice as much (bench/README.md), and a refresh needs five. Vectors: RFC 4231.

import { hash } from "node:crypto";

const BLOCK = 64;
const DIGEST = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * 32 bytes: the MAC of `text`, in UTF-8, followed by the pieces.
 * Throws a RangeError for a key of more than 64 bytes: RFC 2104 would hash it first, and none of ours is so long.
 */
export function hmacSha256(key: Uint8Array, text: string, ...pieces: readonly Uint8Array[]): Uint8Array {
  if (key.length > BLOCK) throw new RangeError("a MAC key has at most 64 bytes");
  const textLength = Buffer.byteLength(text);
  const message = Buffer.allocUnsafe(pieces.reduce((sum, piece) => sum + piece.length, BLOCK + textLength));
  const outside = Buffer.allocUnsafe(BLOCK + DIGEST);
  for (let at = 0; at < BLOCK; at += 1) {
    const byte = key[at] ?? 0;
    message[at] = byte ^ INNER_PAD;
    outside[at] = byte ^ OUTER_PAD;
  }
  message.write(text, BLOCK);
  let end = BLOCK + textLength;
  for (const piece of pieces) {
    message.set(piece, end);
    end += piece.length;
  }
  outside.write(hash("sha256", message, "latin1"), BLOCK, "latin1");
  return hash("sha256", outside, "buffer");
}
