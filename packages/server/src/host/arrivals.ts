// Where a request comes from: the address that connected, or what a trusted proxy says of who connected to it. A header is believed from
// listed peers only (where the proxies have a secret, from who shows it), and read from the right: the last address that no trusted proxy has is the one that a trusted proxy has seen; whatever
// stands left of it was written by a stranger.

import type { IncomingMessage } from "node:http";
import { withoutBlanks } from "@hallpass/protocol";
import { canonicalAddress, type Networks } from "../outbound/networks.ts";

export type ProxyHeader = "x-forwarded-for" | "forwarded";

export interface Proxies {
  readonly trusted: Networks;
  /** The one that the proxies write. The other is never read: a proxy that does not write it passes on what a stranger wrote. */
  readonly header: ProxyHeader;
  /** Where there is one, an address is not enough: only who shows it with a request is believed about that request. */
  readonly secret?: ProxySecret;
}

/** Whether what a request shows is the proxies' secret: the one value of its header. */
export type ProxySecret = (shown: string | readonly string[] | undefined) => boolean;

const SECRET_HEADER = "hallpass-proxy-secret";

export interface ArrivedFrom {
  /** Null when nobody can know: then no address is better than a wrong one. */
  readonly peer: string | null;
  /** Whether it travelled in the clear as far as a trusted proxy or this host can tell. */
  readonly insecure: boolean;
}

interface Hop {
  readonly address: string | null;
  readonly proto: string | null;
}

const MAX_LENGTH = 4096;
const MAX_HOPS = 64;

export function arrivedFrom(
  { socket, headers }: Pick<IncomingMessage, "socket" | "headers">,
  proxies: Proxies,
): ArrivedFrom {
  const neighbour = neighbourOf(socket, proxies);
  if (!neighbour.trusted || proxies.secret?.(headers[SECRET_HEADER]) === false) return neighbour.itself;
  const { peer: connected } = neighbour.itself;
  const hops = proxies.header === "forwarded" ? forwardedHops(joined(headers.forwarded)) : listedHops(headers);
  if (hops === undefined) return { peer: null, insecure: false };
  let proto: string | null = null;
  let address: string | null = connected;
  for (const hop of hops.toReversed()) {
    proto = hop.proto ?? proto;
    address = hop.address;
    if (address === null || !proxies.trusted.contain(address)) break;
  }
  return { peer: address, insecure: proto === "http" };
}

interface Neighbour {
  readonly proxies: Proxies;
  readonly trusted: boolean;
  /** Where a request comes from that it asks for itself. */
  readonly itself: ArrivedFrom;
}

/** A connection has one address for all of its requests. */
const neighbours = new WeakMap<IncomingMessage["socket"], Neighbour>();

function neighbourOf(socket: IncomingMessage["socket"], proxies: Proxies): Neighbour {
  const known = neighbours.get(socket);
  if (known?.proxies === proxies) return known;
  const peer = canonicalAddress(socket.remoteAddress ?? "") ?? null;
  const trusted = peer !== null && proxies.trusted.contain(peer);
  const neighbour = { proxies, trusted, itself: { peer, insecure: false } };
  neighbours.set(socket, neighbour);
  return neighbour;
}

function joined(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value.join(",");
}

/** X-Forwarded-For with X-Forwarded-Proto, of which the proxy next to us writes the last value. Undefined for a list that is none. */
function listedHops(headers: IncomingMessage["headers"]): readonly Hop[] | undefined {
  const list = joined(headers["x-forwarded-for"]);
  const last = joined(headers["x-forwarded-proto"])?.split(",").at(-1);
  const proto = last === undefined ? null : withoutBlanks(last).toLowerCase();
  if (list === undefined) return [];
  if (list.length > MAX_LENGTH) return undefined;
  const entries = list.split(",");
  if (entries.length > MAX_HOPS) return undefined;
  return entries.map((entry, index) => ({
    address: addressOf(withoutBlanks(entry)),
    proto: index === entries.length - 1 ? proto : null,
  }));
}

const PAIR = /^[ \t]*([A-Za-z]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"([^"\\]*)")[ \t]*$/;

/** RFC 7239 section 4. Undefined for what is not of that grammar: a stranger may have written half of a pair. */
function forwardedHops(value: string | undefined): readonly Hop[] | undefined {
  if (value === undefined) return [];
  if (value.length > MAX_LENGTH) return undefined;
  const hops: Hop[] = [];
  for (const element of splitOutsideQuotes(value, ",")) {
    const pairs = new Map<string, string>();
    for (const pair of splitOutsideQuotes(element, ";")) {
      const [, name, token, quoted] = PAIR.exec(pair) ?? [];
      const key = name?.toLowerCase();
      if (key === undefined || pairs.has(key)) return undefined;
      pairs.set(key, token ?? quoted ?? "");
    }
    hops.push({ address: addressOf(pairs.get("for") ?? ""), proto: pairs.get("proto")?.toLowerCase() ?? null });
    if (hops.length > MAX_HOPS) return undefined;
  }
  return hops;
}

function splitOutsideQuotes(text: string, separator: "," | ";"): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '"') quoted = !quoted;
    else if (text[index] === separator && !quoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** An address, with a port or without; IPv6 in brackets where it has one. Null for names, `unknown` and everything else. */
function addressOf(text: string): string | null {
  const [, bracketed, plain] = /^(?:\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|(\d+\.\d+\.\d+\.\d+):\d{1,5})$/.exec(text) ?? [];
  return canonicalAddress(bracketed ?? plain ?? text) ?? null;
}
