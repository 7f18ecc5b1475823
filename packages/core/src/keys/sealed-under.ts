// Which key-encryption keys the keys of a ring are sealed under: what says that an older one can be thrown away.

import { sealedUnder } from "./envelope.ts";
import { keySetsOf, type Ring } from "./key-sets.ts";

/** Each id once. Throws Fault `keys_unreadable` for what is no envelope. */
export function sealedUnderOf(ring: Ring): readonly string[] {
  const { mac, secrets } = ring;
  const sealed = [
    ...keySetsOf(ring).flatMap(({ set }) => [set.active, set.next, ...set.retiring]),
    mac.current,
    ...mac.older,
    ...(secrets === null ? [] : [secrets.current, ...secrets.older]),
  ];
  return [...new Set(sealed.map((key) => sealedUnder(key.sealed)))].toSorted();
}
