// An ES256 signature as OpenSSL reads it natively: SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 section 2.2.3).
// Node 24 verifies the 64-byte form at half the speed of this one; Node 26 verifies both alike.

/** `signature` is r and s of 32 bytes each. */
export function derSignature(signature: Uint8Array): Uint8Array {
  const r = integer(signature.subarray(0, 32));
  const s = integer(signature.subarray(32, 64));
  // At most 2 * (2 + 33) bytes inside, so every length fits into one byte.
  const der = new Uint8Array(2 + r.length + s.length);
  der[0] = 0x30;
  der[1] = r.length + s.length;
  der.set(r, 2);
  der.set(s, 2 + r.length);
  return der;
}

// Without leading zeros, but with one before a first bit of 1: an INTEGER has a sign.
function integer(value: Uint8Array): Uint8Array {
  let from = 0;
  while (from < value.length - 1 && value[from] === 0) from += 1;
  const pad = (value[from] ?? 0) > 0x7f ? 1 : 0;
  const bytes = new Uint8Array(2 + pad + value.length - from);
  bytes[0] = 0x02;
  bytes[1] = bytes.length - 2;
  bytes.set(value.subarray(from), 2 + pad);
  return bytes;
}
