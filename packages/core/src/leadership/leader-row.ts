// Who leads: two rows. The fence is written only when another node takes over, so its version stands for the whole term, and a change
// that compares it belongs to that term or is refused. The hold says until when; it is written often, and no task's change waits for it.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { Row, RowKey } from "../store/store.ts";

export interface Leader {
  /** base64url of random bytes: one process. */
  readonly node: string;
  /** As people call it. */
  readonly name: string;
  /** The fencing token: one more with every leader. */
  readonly term: number;
  readonly since: Instant;
}

export function fenceKey(tenant: TenantId): RowKey {
  return { tenant, kind: "lease", id: "leader" };
}

export function holdKey(tenant: TenantId): RowKey {
  return { tenant, kind: "lease", id: "leader/hold" };
}

const LAYOUT = 1;

export function leaderToRow(leader: Leader): { readonly value: string; readonly expires: null } {
  return { value: JSON.stringify({ layout: LAYOUT, ...leader }), expires: null };
}

export function leaderFromRow(row: Row): Leader {
  return known(row) as Leader;
}

/** `until` is exclusive, by the store's clock. */
export function holdToRow(until: Instant): { readonly value: string; readonly expires: null } {
  return { value: JSON.stringify({ layout: LAYOUT, until }), expires: null };
}

export function holdFromRow(row: Row): Instant {
  return (known(row) as { readonly until: Instant }).until;
}

function known({ value }: Row): unknown {
  const { layout, ...rest } = JSON.parse(value) as { readonly layout: number };
  if (layout !== LAYOUT) throw new Error("a leader's row has a layout that this version does not know");
  return rest;
}
