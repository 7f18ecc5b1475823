// Which rows to read, when several who need rows are served by one read.

import { RowMap } from "./row-map.ts";
import type { RowKey } from "./store.ts";

/** Each key once, where it stands first: of tokens, say, which share the rows of the issuer and of clients. */
export function distinct(keys: readonly RowKey[]): readonly RowKey[] {
  const seen = new RowMap<true>();
  return keys.filter((key) => {
    if (seen.has(key)) return false;
    seen.set(key, true);
    return true;
  });
}

/** The same of both together, where `few` are a handful that differ, and so do `more`: they are looked through, and no map is made on the path of every call. */
export function distinctOfFew(few: readonly RowKey[], more: readonly RowKey[]): readonly RowKey[] {
  const isNew = ({ kind, tenant, id }: RowKey): boolean =>
    !few.some((known) => known.id === id && known.kind === kind && known.tenant === tenant);
  return [...few, ...more.filter(isNew)];
}
