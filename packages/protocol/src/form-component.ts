// One name or value in application/x-www-form-urlencoded, read exactly.
// Forms and Basic credentials share it (RFC 6749 appendix B), so that the same client id is the
// same string whichever way it came. Lenient decoders keep `%zz` as it stands and replace bad
// UTF-8, which makes two texts of one and one of two.

const PLUS = 0x2b;
const PERCENT = 0x25;
const SPACE = 0x20;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// C0, DEL and C1: no parameter of ours has a use for them, and NUL ends strings elsewhere.
const CONTROL = /\p{Cc}/u;

/** The text, or undefined for a bad escape, bytes that aren't UTF-8, or a control character. */
export function decodeFormComponent(encoded: Uint8Array): string | undefined {
  // Almost everything that is sent: ASCII that stands for itself.
  const literal = literalText(encoded);
  if (literal !== undefined) return literal;
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  for (let index = 0; index < encoded.length; index += 1) {
    let byte = encoded[index] ?? 0;
    if (byte === PLUS) {
      byte = SPACE;
    } else if (byte === PERCENT) {
      const high = hexDigit(encoded[index + 1]);
      const low = hexDigit(encoded[index + 2]);
      if (high < 0 || low < 0) return undefined;
      byte = (high << 4) | low;
      index += 2;
    }
    bytes[length] = byte;
    length += 1;
  }
  let text: string;
  try {
    text = UTF8.decode(bytes.subarray(0, length));
  } catch {
    return undefined;
  }
  return CONTROL.test(text) ? undefined : text;
}

/** What it puts in the place of bytes that are no UTF-8 is not ASCII either. Of all decoders that of UTF-8 is the fastest one for ASCII. */
const ASCII = new TextDecoder("utf-8", { ignoreBOM: true });
/** Printable ASCII but for the two characters that stand for others. */
const LITERAL = /^[\x20-\x24\x26-\x2a\x2c-\x7e]*$/;

/** All of it as text when every byte stands for itself, as almost always; otherwise undefined, and it has to be decoded piece by piece. */
export function literalText(encoded: Uint8Array): string | undefined {
  const text = ASCII.decode(encoded);
  return LITERAL.test(text) ? text : undefined;
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
