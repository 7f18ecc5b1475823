// UUIDs (RFC 9562) in the one spelling that identifiers have here: lower case, with hyphens.
// Two spellings of one id would be two keys in a store and two entries in a view.

const TEXT_LENGTH = 36;
const HYPHEN = 0x2d;
const UUID_BYTES = 16;
const TIME_BYTES = 6;
const RANDOM_BYTES = 10;
const MAX_UNIX_MS = 2 ** 48 - 1;

/**
 * A version 7 UUID from a time in milliseconds and ten random bytes (six bits of them give way to
 * version and variant). Throws a RangeError for a time or a length that can't be one.
 */
export function uuidv7(unixMs: number, random: Uint8Array): string {
  if (!Number.isInteger(unixMs) || unixMs < 0 || unixMs > MAX_UNIX_MS) {
    throw new RangeError("uuidv7 needs whole milliseconds of 48 bits");
  }
  if (random.length !== RANDOM_BYTES) throw new RangeError("uuidv7 needs ten random bytes");
  const [high, low] = [Math.floor(unixMs / 2 ** 32), unixMs % 2 ** 32];
  written[0] = high >>> 8;
  written[1] = high & 0xff;
  written[2] = low >>> 24;
  written[3] = (low >>> 16) & 0xff;
  written[4] = (low >>> 8) & 0xff;
  written[5] = low & 0xff;
  for (let at = 0; at < RANDOM_BYTES; at += 1) written[TIME_BYTES + at] = random[at] ?? 0;
  written[6] = 0x70 | ((written[6] ?? 0) & 0x0f);
  written[8] = 0x80 | ((written[8] ?? 0) & 0x3f);
  return uuidAt(written, 0);
}

/** Written anew for every id: a place of its own would cost more than the id. */
const written = new Uint8Array(UUID_BYTES);

/** The sixteen bytes of a UUID of any version, or undefined for any other spelling. */
export function uuidToBytes(text: string): Uint8Array | undefined {
  if (text.length !== TEXT_LENGTH) return undefined;
  const bytes = new Uint8Array(UUID_BYTES);
  let at = 0;
  for (let index = 0; index < UUID_BYTES; index += 1) {
    if (isHyphenBefore(index)) {
      if (text.charCodeAt(at) !== HYPHEN) return undefined;
      at += 1;
    }
    const high = digitOf(text.charCodeAt(at));
    const low = digitOf(text.charCodeAt(at + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[index] = high * 16 + low;
    at += 2;
  }
  return bytes;
}

/** Whether a text is a UUID as `uuidToBytes` reads it. */
export function isUuid(text: string): boolean {
  if (text.length !== TEXT_LENGTH) return false;
  for (let at = 0; at < TEXT_LENGTH; at += 1) {
    const character = text.charCodeAt(at);
    if (at === 8 || at === 13 || at === 18 || at === 23 ? character !== HYPHEN : digitOf(character) < 0) return false;
  }
  return true;
}

/** Written anew for every text; the hyphens stay. */
const characters: number[] = Array.from({ length: TEXT_LENGTH }, () => HYPHEN);

/** Throws a RangeError unless there are sixteen bytes. */
export function bytesToUuid(bytes: Uint8Array): string {
  if (bytes.length !== UUID_BYTES) throw new RangeError("a UUID has sixteen bytes");
  return uuidAt(bytes, 0);
}

/** Of the sixteen bytes from there on. */
export function uuidAt(bytes: Uint8Array, from: number): string {
  let at = 0;
  for (let index = 0; index < UUID_BYTES; index += 1) {
    if (isHyphenBefore(index)) at += 1;
    const byte = bytes[from + index] ?? 0;
    characters[at] = digitCode(byte >>> 4);
    characters[at + 1] = digitCode(byte & 15);
    at += 2;
  }
  // One text at once: put together from pieces it would be a tree of them, which whoever looks it up has to flatten first.
  return String.fromCharCode.apply(null, characters);
}

/** Of the sixteen bytes: the fifth, seventh, ninth and eleventh follow a hyphen. */
function isHyphenBefore(index: number): boolean {
  return index >= 4 && index <= 10 && (index & 1) === 0;
}

function digitCode(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/** The value of a lower-case hexadecimal digit's character; negative for any other. */
function digitOf(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  return character >= 0x61 && character <= 0x66 ? character - 0x57 : -1;
}
