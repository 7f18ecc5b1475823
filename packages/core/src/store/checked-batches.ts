// Batches that need not be checked again: `gather` checks each change when it comes, and chooses a batch by the rest of the rules. Known
// by the list itself, so whoever makes another one of it is checked as ever.

import type { Change } from "./store.ts";

const checked = new WeakSet<readonly Change[]>();

export function asChecked(changes: readonly Change[]): readonly Change[] {
  checked.add(changes);
  return changes;
}

export function isChecked(changes: readonly Change[]): boolean {
  return checked.has(changes);
}
