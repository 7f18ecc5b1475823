// What a backup needs besides itself: the key-encryption keys, by their ids, that its keys are sealed under.

import { keySetsOf } from "./key-sets.ts";
import { ringFromRow } from "./ring-row.ts";
import { sealedUnderOf } from "./sealed-under.ts";

/** Of the value of the row `ringKey(tenant)`; none for a store without keys. Throws Fault `keys_unreadable` for what is none. */
export function keksOf(value: string | null): readonly string[] {
  return value === null ? [] : sealedUnderOf(ringFromRow(value));
}

/** The kids of every key that signs, will sign or has signed. */
export function kidsOf(value: string): readonly string[] {
  return keySetsOf(ringFromRow(value)).flatMap(({ set }) =>
    [set.active, set.next, ...set.retiring].map(({ kid }) => kid),
  );
}
