// Addresses and ranges of them (CIDR, RFC 4632 and RFC 4291 section 2.3), read strictly: one meaning or none.

/** What `10.1.2.0/24` or `2001:db8::/32` names; an address alone is a range of one. */
export interface IpRange {
  readonly bytes: Uint8Array;
  /** How many bits of them count. */
  readonly bits: number;
}

/** Undefined for anything else, also for bits that are set beyond the prefix: whoever wrote them meant something else. */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf("/");
  const bytes = parseIp(slash === -1 ? text : text.slice(0, slash));
  if (bytes === undefined) return undefined;
  const bits = slash === -1 ? bytes.length * 8 : prefixOf(text.slice(slash + 1), bytes.length * 8);
  if (bits === undefined) return undefined;
  const range = { bytes, bits };
  return bytes.every((byte, at) => byte === (byte & maskAt(at, bits))) ? range : undefined;
}

/** False for a text that is no address. An IPv4 address that is written as IPv6 (`::ffff:…`) is the IPv4 address. */
export function ipInRange(text: string, { bytes, bits }: IpRange): boolean {
  const address = parseIp(text);
  if (address === undefined || address.length !== bytes.length) return false;
  return bytes.every((byte, at) => byte === ((address[at] ?? 0) & maskAt(at, bits)));
}

function maskAt(at: number, bits: number): number {
  const here = Math.min(8, Math.max(0, bits - at * 8));
  return (0xff << (8 - here)) & 0xff;
}

function prefixOf(text: string, most: number): number | undefined {
  const bits = /^(?:0|[1-9]\d{0,2})$/.test(text) ? Number(text) : most + 1;
  return bits <= most ? bits : undefined;
}

function parseIp(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  if (!text.includes(":")) return parseIpv4(text);
  const bytes = parseIpv6(text);
  if (bytes === undefined) return undefined;
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.subarray(12) : bytes;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  const numbers = parts.map((part) => (/^(?:0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  return numbers.length === 4 && numbers.every((one) => one < 256) ? Uint8Array.from(numbers) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Groups of 16 bits; the last may be written as an IPv4 address. */
function groupsOf(text: string, isLast: boolean): readonly number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const v4 = isLast && index === parts.length - 1 && part.includes(".") ? parseIpv4(part) : undefined;
    if (v4 !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = v4;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}
