// An ES256 signature as OpenSSL reads it natively: SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 section 2.2.3).
// Node 24 verifies the 64-byte form at half the speed of this one; Node 26 verifies both alike.

const INTEGER_BYTES = 32;
// At most 2 * (2 + 33) bytes inside, so every length fits into one byte.
const MOST_BYTES = 2 + 2 * (2 + 1 + INTEGER_BYTES);

/** Writes signatures of r and s of 32 bytes each. What it returns is good until the next one is written. */
export function derWriter(): (signature: Uint8Array) => Uint8Array {
  const der = new Uint8Array(MOST_BYTES);
  const byLength = Array.from({ length: MOST_BYTES + 1 }, (_, length) => der.subarray(0, length));
  return (signature) => {
    const middle = writeInteger(signature, 0, der, 2);
    const end = writeInteger(signature, INTEGER_BYTES, der, middle);
    der[0] = 0x30;
    der[1] = end - 2;
    return byLength[end] ?? der;
  };
}

// Without leading zeros, but with one before a first bit of 1: an INTEGER has a sign. Returns where it ends.
function writeInteger(signature: Uint8Array, start: number, der: Uint8Array, at: number): number {
  const stop = start + INTEGER_BYTES;
  let from = start;
  while (from < stop - 1 && signature[from] === 0) from += 1;
  const pad = (signature[from] ?? 0) > 0x7f ? 1 : 0;
  der[at] = 0x02;
  der[at + 2] = 0;
  der[at + 1] = pad + stop - from;
  let to = at + 2 + pad;
  for (; from < stop; from += 1, to += 1) der[to] = signature[from] ?? 0;
  return to;
}
