// Public keys that have the form of a key and protect nothing: whoever registered one has let others sign as him.

/** An octet string that stands for a number has no zero in front (RFC 7518 section 6.3.1.1): it would count as bits that the modulus lacks. */
export function isWeakModulus(bytes: Uint8Array): boolean {
  if (bytes[0] === 0) return true;
  const modulus = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  return SMALL_PRIMES.some((prime) => modulus % prime === 0n) || isOfRoca(modulus);
}

/** Of small order, or no point in its one spelling: under such a key one signature fits every message (RFC 8032 section 5.1.7). */
export function isWeakPoint(bytes: Uint8Array): boolean {
  const y = BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`) & (2n ** 255n - 1n);
  return y >= FIELD || SMALL_ORDER.includes(y);
}

const FIELD = 2n ** 255n - 19n;
/** The y of the eight points whose order divides 8. */
const SMALL_ORDER: readonly bigint[] = [
  0n,
  1n,
  FIELD - 1n,
  0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  FIELD - 0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
];

const SMALL_PRIMES: readonly bigint[] = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n];

/** CVE-2017-15361: primes of that library are powers of 65537 modulo many small primes, and so are their products. */
const ROCA_PRIMES: readonly bigint[] = [
  11n,
  13n,
  17n,
  19n,
  37n,
  53n,
  61n,
  71n,
  73n,
  79n,
  97n,
  103n,
  107n,
  109n,
  127n,
  151n,
  157n,
];

function isOfRoca(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime) => powersOf(65_537n % prime, prime).has(modulus % prime));
}

function powersOf(generator: bigint, prime: bigint): ReadonlySet<bigint> {
  const powers = new Set<bigint>();
  for (let power = 1n; !powers.has(power); power = (power * generator) % prime) powers.add(power);
  return powers;
}
