// CRC-32 (IEEE 802.3, the one of zip and PNG). It finds typing and copying mistakes and lets
// secret scanners tell a real token from noise; it protects nothing.

const POLYNOMIAL = 0xedb88320;

const TABLE: Readonly<Uint32Array> = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  }
  return remainder;
});

/** The checksum of `bytes`, unsigned; `previous` continues the checksum of what came before. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  let remainder = ~previous;
  for (const byte of bytes) {
    remainder = (remainder >>> 8) ^ (TABLE[(remainder ^ byte) & 0xff] ?? 0);
  }
  return ~remainder >>> 0;
}

/** The checksum of a text of ASCII characters, each one byte. */
export function crc32OfAscii(text: string): number {
  let remainder = ~0;
  for (let at = 0; at < text.length; at += 1) {
    remainder = (remainder >>> 8) ^ (TABLE[(remainder ^ text.charCodeAt(at)) & 0xff] ?? 0);
  }
  return ~remainder >>> 0;
}
