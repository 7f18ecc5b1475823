// Ids rest in three forms (text, 8 bytes, 16 bytes) and each form sorts by itself, but lists are ordered by the texts.
// Base64url texts don't sort as their bytes, so a row's id packs UUIDs only; a list then merges two sorted runs.

import { type Packed, pack, unpack } from "./packed-text.ts";

/** How a row's id rests: a UUID as 16 bytes, whose order is that of the texts; anything else as text. */
export function packId(id: string): Packed {
  return id.length === 36 ? pack(id) : id;
}

export function unpackId(packed: Packed): string {
  return unpack(packed);
}

/** Negative, zero or positive, in the order of code units of UTF-8. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const SHAPE = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
const HEX = "0123456789abcdef";

/** The 16 bytes so that exactly the UUIDs that are more than they, or equal to them if `inclusive`, come after `text`. */
export function uuidsAfter(text: string): { readonly bytes: Uint8Array; readonly inclusive: boolean } {
  for (let i = 0; i < SHAPE.length; i += 1) {
    const allowed = SHAPE.charAt(i) === "-" ? "-" : HEX;
    const given = text.charAt(i);
    if (given !== "" && allowed.includes(given)) continue;
    const next = given === "" ? allowed.charAt(0) : allowed.split("").find((digit) => digit > given);
    const start = text.slice(0, i);
    if (next === undefined) return { bytes: filled(start, "f"), inclusive: false };
    return { bytes: filled(start + next, "0"), inclusive: true };
  }
  return { bytes: filled(text.slice(0, SHAPE.length), "f"), inclusive: false };
}

function filled(start: string, digit: string): Uint8Array {
  const rest = SHAPE.slice(start.length).replaceAll("x", digit);
  return Buffer.from((start + rest).replaceAll("-", ""), "hex");
}
