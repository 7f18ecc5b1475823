// Base64url (RFC 4648 section 5) without padding, in exactly one spelling per byte string.
// Revocation, replay and caches compare token texts, so two texts must never decode to the same
// bytes: no padding, no whitespace, no other alphabet, and the spare bits of the last character
// are zero.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NOT_IN_ALPHABET = 0xff;

const CHARACTER_CODES: Readonly<Uint8Array> = Uint8Array.from(ALPHABET, (c) => c.charCodeAt(0));
const SEXTETS: Readonly<Uint8Array> = sextetsByCharacterCode();
const ASCII = new TextDecoder("latin1");

/** What TypeScript's library does not name yet: the platform's own (ECMAScript 2026), where it has them. */
interface NativeBase64 {
  readonly setFromBase64?: (this: Uint8Array, text: string, options: object) => { readonly written: number };
  readonly toBase64?: (this: Uint8Array, options: object) => string;
}
const { setFromBase64, toBase64 }: NativeBase64 = Uint8Array.prototype as object;
const NATIVELY = Object.freeze({ alphabet: "base64url", lastChunkHandling: "loose" });
const UNPADDED = Object.freeze({ alphabet: "base64url", omitPadding: true });
/** Characters; below it the call costs more than it saves. */
const WORTH_THE_CALL = 64;

function sextetsByCharacterCode(): Uint8Array {
  const sextets = new Uint8Array(128).fill(NOT_IN_ALPHABET);
  CHARACTER_CODES.forEach((code, sextet) => {
    sextets[code] = sextet;
  });
  return sextets;
}

function sextetAt(text: string, index: number): number {
  return SEXTETS[text.charCodeAt(index)] ?? NOT_IN_ALPHABET;
}

function characterCode(bits: number): number {
  return CHARACTER_CODES[bits & 63] ?? 0;
}

/** Writes any bytes; what it writes is what `decodeBase64url` accepts, and nothing else is. */
export function encodeBase64url(bytes: Uint8Array): string {
  return toBase64 === undefined ? encodePlainly(bytes) : toBase64.call(bytes, UNPADDED);
}

/** The four bytes of an unsigned number, big-endian, in six characters. */
export function encodeUint32(value: number): string {
  return String.fromCharCode(
    characterCode(value >>> 26),
    characterCode(value >>> 20),
    characterCode(value >>> 14),
    characterCode(value >>> 8),
    characterCode(value >>> 2),
    characterCode(value << 4),
  );
}

/** Without the platform's writer; what it is compared with. */
export function encodePlainly(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  let to = 0;
  for (let from = 0; from < bytes.length; from += 3) {
    const bits = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    // Writes past the end of a typed array are ignored: a last group of one or two bytes
    // leaves only its two or three characters.
    text[to] = characterCode(bits >> 18);
    text[to + 1] = characterCode(bits >> 12);
    text[to + 2] = characterCode(bits >> 6);
    text[to + 3] = characterCode(bits);
    to += 4;
  }
  return ASCII.decode(text);
}

/** The bytes, or undefined unless the text is the one canonical spelling of them. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(decodedLength(text));
  return decodeBase64urlInto(text, bytes) === undefined ? undefined : bytes;
}

/**
 * The same into the start of what is there already: how many bytes were written. Undefined for a text that
 * `decodeBase64url` refuses or that has no room; anything may have been written then.
 */
export function decodeBase64urlInto(text: string, into: Uint8Array): number | undefined {
  const rest = text.length & 3;
  const length = decodedLength(text);
  if (rest === 1 || length > into.length || !hasCanonicalEnd(text, text.length - rest, rest)) return undefined;
  const decoded =
    setFromBase64 === undefined || text.length < WORTH_THE_CALL
      ? decodePlainly(text, into)
      : decodeNatively(setFromBase64, text, into, length);
  return decoded ? length : undefined;
}

function decodedLength(text: string): number {
  return (text.length * 3) >> 2;
}

// The platform's own reader also takes padding and whitespace. Each of them takes the place of a
// character that would have given bytes, so then fewer are written; the spare bits were judged before.
function decodeNatively(
  read: NonNullable<NativeBase64["setFromBase64"]>,
  text: string,
  into: Uint8Array,
  length: number,
): boolean {
  try {
    return read.call(into, text, NATIVELY).written === length;
  } catch {
    return false;
  }
}

/** Without the platform's reader; what it is compared with. `into` has room. */
export function decodePlainly(text: string, into: Uint8Array): boolean {
  const rest = text.length & 3;
  const whole = text.length - rest;
  let seen = 0;
  let to = 0;
  for (let from = 0; from < whole; from += 4) {
    const a = sextetAt(text, from);
    const b = sextetAt(text, from + 1);
    const c = sextetAt(text, from + 2);
    const d = sextetAt(text, from + 3);
    seen |= a | b | c | d;
    into[to] = (a << 2) | (b >> 4);
    into[to + 1] = (b << 4) | (c >> 2);
    into[to + 2] = (c << 6) | d;
    to += 3;
  }
  if (rest > 1) {
    into[to] = (sextetAt(text, whole) << 2) | (sextetAt(text, whole + 1) >> 4);
    if (rest === 3) into[to + 1] = (sextetAt(text, whole + 1) << 4) | (sextetAt(text, whole + 2) >> 2);
  }
  return seen <= 63;
}

/** Whether `decodeBase64url` would accept the text; allocates nothing. */
export function isBase64url(text: string): boolean {
  const rest = text.length & 3;
  if (rest === 1) return false;
  const whole = text.length - rest;
  let seen = 0;
  for (let index = 0; index < whole; index += 1) seen |= sextetAt(text, index);
  return seen <= 63 && hasCanonicalEnd(text, whole, rest);
}

// Two last characters carry 8 bits and 4 spare ones, three carry 16 and 2 (RFC 4648 section 3.5).
function hasCanonicalEnd(text: string, whole: number, rest: number): boolean {
  if (rest === 0) return true;
  const first = sextetAt(text, whole);
  const second = sextetAt(text, whole + 1);
  if (rest === 2) return (first | second) <= 63 && (second & 15) === 0;
  const third = sextetAt(text, whole + 2);
  return (first | second | third) <= 63 && (third & 3) === 0;
}
