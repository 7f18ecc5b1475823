// The common spelling of opaque secrets: prefix, base64url of the bytes, checksum.
// The prefix tells scanners and people what leaked; length and checksum refuse cut, mistyped and
// case-folded texts before any key or store is asked. The checksum is public arithmetic: a text
// that passes is well formed and nothing more.

import { decodeBase64url, encodeBase64url, encodeUint32 } from "./base64url.ts";
import { crc32, crc32OfAscii } from "./crc32.ts";

const CHECKSUM_LENGTH = 6;

/** `prefix` ‖ base64url(bytes) ‖ base64url(CRC-32 of prefix and bytes, big-endian). */
export function formatPrefixed(prefix: string, bytes: Uint8Array): string {
  return prefix + encodeBase64url(bytes) + checksum(prefix, bytes);
}

/** The bytes, or undefined unless the text is what `formatPrefixed` writes for `byteLength` bytes. */
export function parsePrefixed(prefix: string, text: string, byteLength: number): Uint8Array | undefined {
  const body = prefix.length + Math.ceil((byteLength * 4) / 3);
  if (text.length !== body + CHECKSUM_LENGTH || !text.startsWith(prefix)) return undefined;
  const bytes = decodeBase64url(text.slice(prefix.length, body));
  if (bytes === undefined) return undefined;
  return text.slice(body) === checksum(prefix, bytes) ? bytes : undefined;
}

function checksum(prefix: string, bytes: Uint8Array): string {
  return encodeUint32(crc32(bytes, crc32OfAscii(prefix)));
}
