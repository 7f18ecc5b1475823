// Sets of addresses, written as CIDR. An IPv4 address that comes mapped into IPv6 is the IPv4 address.

import { BlockList, isIP, isIPv4 } from "node:net";

export interface Networks {
  /** False for a text that is no address. */
  readonly contain: (address: string) => boolean;
}

const MAPPED = /^::ffff:(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i;

/** The one spelling by which addresses are compared; undefined for a text that is none, and for an address with a zone. */
export function canonicalAddress(text: string): string | undefined {
  const address = MAPPED.exec(text)?.[1] ?? text;
  if (address.includes("%") || isIP(address) === 0) return undefined;
  return isIPv4(address) ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** `10.0.0.0/8`, or one address alone. */
export function parseNetwork(text: string): string | undefined {
  const [address = "", bits, ...more] = text.split("/");
  const family = isIP(address);
  if (more.length > 0 || family === 0 || address.includes("%") || MAPPED.test(address)) return undefined;
  const width = family === 4 ? 32 : 128;
  if (bits === undefined) return `${address}/${width}`;
  return /^(?:0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= width ? `${address}/${bits}` : undefined;
}

/** Of texts that `parseNetwork` has read. */
export function networksOf(texts: readonly string[]): Networks {
  const list = new BlockList();
  for (const text of texts) {
    const [address = "", bits = ""] = text.split("/");
    list.addSubnet(address, Number(bits), isIPv4(address) ? "ipv4" : "ipv6");
  }
  return {
    contain: (text) => {
      const address = canonicalAddress(text);
      return address !== undefined && list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
    },
  };
}
