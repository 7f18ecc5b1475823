// How often clients may fail to authenticate at this node. Beyond that a try is refused before its secret is looked at, unless this very client
// authenticated from the same network lately: then a right secret is still right, and only the wrong ones are told to wait. So a guesser is
// stopped, and nobody can lock a client out by failing in its name.

import { isIPv4 } from "node:net";
import type { ClientId, Clock, Rate } from "@hallpass/core";
import { createMeter } from "./meter.ts";

export interface AuthenticationLimit {
  /** Milliseconds until a try of this client from this address is looked at; 0: now. `null`: an address that nobody knows. */
  wait(client: ClientId, address: string | null): number;
  /** Counts it, and answers how long there should be no other; 0 while there may. */
  failed(client: ClientId, address: string | null): number;
  succeeded(client: ClientId, address: string | null): void;
}

const MINUTE = 60_000;
/** From one address in the names of all clients, and in the name of one client from all addresses, against one in the name of one. */
const IN_ALL = 10;
/** Networks from which clients authenticated: the oldest is forgotten first. */
const MOST_KNOWN = 20_000;

/** `limit`: failures a minute of one client from one address. */
export function createAuthenticationLimit(clock: Pick<Clock, "monotonic">, limit: number | "off"): AuthenticationLimit {
  if (limit === "off") return { wait: () => 0, failed: () => 0, succeeded: () => {} };
  const one: Rate = { burst: limit, interval: MINUTE / limit };
  const all: Rate = { burst: limit * IN_ALL, interval: MINUTE / (limit * IN_ALL) };
  const [pairs, addresses, clients] = [createMeter(), createMeter(), createMeter()];
  const known = new Set<string>();
  /** Whoever was known to be in it last: mostly whoever comes next. */
  let last: { readonly client: ClientId; readonly address: string | null } | undefined;

  function left(client: ClientId, source: string): number {
    const now = clock.monotonic();
    return Math.max(
      pairs.wait(`${client} ${source}`, one, now),
      addresses.wait(source, all, now),
      clients.wait(client, all, now),
    );
  }

  return {
    wait: (client, address) => {
      // The usual case: nobody has failed, and nothing is looked up.
      if (clients.size() === 0) return 0;
      const ms = left(client, sourceOf(address));
      return ms === 0 || known.has(`${client} ${networkOf(address)}`) ? 0 : ms;
    },
    failed: (client, address) => {
      const source = sourceOf(address);
      const ms = left(client, source);
      if (ms > 0) return ms;
      const now = clock.monotonic();
      pairs.count(`${client} ${source}`, one, now);
      addresses.count(source, all, now);
      clients.count(client, all, now);
      return 0;
    },
    succeeded: (client, address) => {
      if (last?.client === client && last.address === address) return;
      last = { client, address };
      const pair = `${client} ${networkOf(address)}`;
      if (known.has(pair)) return;
      for (const oldest of known) {
        if (known.size < MOST_KNOWN) break;
        known.delete(oldest);
      }
      known.add(pair);
    },
  };
}

/** Who is one: an IPv4 address, or the 64 bits that one IPv6 host can fill as it likes (RFC 4291 section 2.5.4). */
export function sourceOf(address: string | null): string {
  if (address === null) return "unknown";
  return address.includes(":") ? groups(address, 4) : address;
}

/** Where one client's machines stand together: an IPv4 /24, an IPv6 /48. */
export function networkOf(address: string | null): string {
  if (address === null) return "unknown";
  if (isIPv4(address)) return address.slice(0, address.lastIndexOf("."));
  return address.includes(":") ? groups(address, 3) : address;
}

/** The first groups of an IPv6 address in its canonical spelling. */
function groups(address: string, count: number): string {
  const [before = "", after] = address.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const zeros = after === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return [...head, ...zeros, ...tail].slice(0, count).join(":");
}
