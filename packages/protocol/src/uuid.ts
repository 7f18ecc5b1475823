// UUIDs (RFC 9562) in the one spelling that identifiers have here: lower case, with hyphens.
// Two spellings of one id would be two keys in a store and two entries in a view.

const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
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
  const bytes = new Uint8Array(UUID_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(unixMs / 2 ** 32));
  view.setUint32(2, unixMs % 2 ** 32);
  bytes.set(random, TIME_BYTES);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  return bytesToUuid(bytes);
}

/** The sixteen bytes of a UUID of any version, or undefined for any other spelling. */
export function uuidToBytes(text: string): Uint8Array | undefined {
  if (text.length !== 36 || !CANONICAL.test(text)) return undefined;
  const digits = text.replaceAll("-", "");
  return Uint8Array.from({ length: UUID_BYTES }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}

/** Throws a RangeError unless there are sixteen bytes. */
export function bytesToUuid(bytes: Uint8Array): string {
  if (bytes.length !== UUID_BYTES) throw new RangeError("a UUID has sixteen bytes");
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    "-",
  );
}
