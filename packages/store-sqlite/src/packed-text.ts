// Texts that are bytes in disguise rest as bytes: a lower-case UUID as 16, base64url of 8 bytes (marks, attempts) as 8.
// Every other text rests as it is, so packing never changes what a text means or which texts are equal.

import { uuidToBytes } from "@hallpass/protocol";

export type Packed = string | Uint8Array;

const MARK = /^[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]$/;

let lastText = "";
let lastPacked: Packed = "";

/** A session's id comes once with its row and once with each of its facts: the last text need not be packed again. */
export function pack(text: string): Packed {
  if (text === lastText) return lastPacked;
  lastPacked = packOne(text);
  lastText = text;
  return lastPacked;
}

function packOne(text: string): Packed {
  if (text.length === 36) return uuidToBytes(text) ?? text;
  if (text.length === 11 && MARK.test(text)) return Buffer.from(text, "base64url");
  return text;
}

export function unpack(packed: Packed): string {
  if (typeof packed === "string") return packed;
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  if (bytes.length === 8) return bytes.toString("base64url");
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
