// ECDSA signatures of P-256 between JWS (r ‖ s, 64 bytes) and OpenSSL (DER). Node can convert by itself (`dsaEncoding`), which
// halves the speed of signing, and takes a third of verifying, on Node 24; by hand it costs less than a hundredth everywhere.

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const HALF = 32;

/** r ‖ s of a DER signature that OpenSSL has made. */
export function rawSignature(der: Uint8Array): Uint8Array {
  const raw = new Uint8Array(2 * HALF);
  // A P-256 signature has at most 72 bytes, so each length is one byte.
  let at = 2;
  for (const end of [HALF, 2 * HALF]) {
    const length = der[at + 1] ?? 0;
    const last = at + 1 + length;
    // DER puts a zero before a leading bit, and leaves leading zeros out.
    const digits = Math.min(length, HALF);
    for (let digit = 0; digit < digits; digit += 1) raw[end - 1 - digit] = der[last - digit] ?? 0;
    at = last + 1;
  }
  return raw;
}

/** The DER form of 64 bytes r ‖ s. Judges neither number. */
export function derSignature(raw: Uint8Array): Uint8Array {
  const r = unsignedInteger(raw.subarray(0, HALF));
  const s = unsignedInteger(raw.subarray(HALF));
  const der = new Uint8Array(2 + r.length + s.length);
  der[0] = SEQUENCE;
  der[1] = r.length + s.length;
  der.set(r, 2);
  der.set(s, 2 + r.length);
  return der;
}

function unsignedInteger(digits: Uint8Array): Uint8Array {
  let first = 0;
  while (first < digits.length - 1 && digits[first] === 0) first += 1;
  const significant = digits.subarray(first);
  const padding = (significant[0] ?? 0) >= 0x80 ? 1 : 0;
  const der = new Uint8Array(2 + padding + significant.length);
  der[0] = INTEGER;
  der[1] = padding + significant.length;
  der.set(significant, 2 + padding);
  return der;
}
