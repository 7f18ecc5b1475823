// Makes a retiring key active again, and retires the one that took its place: the way back when a rotation went wrong.

import type { TenantId } from "../kernel/ids.ts";
import type { Answer } from "../kernel/refusal.ts";
import type { RingVersion } from "../keys/change-ring.ts";
import { type ChangeKeysDeps, changeKeys } from "./change-keys.ts";

export interface RestoreKey {
  readonly tenant: TenantId;
  readonly kid: string;
  readonly actor: string | null;
}

/** Refuses with `key_not_found`, or `key_state` for a key that is not retiring. Nobody has to be waited for: a retiring key is known to all. */
export async function restoreKey(deps: ChangeKeysDeps, request: RestoreKey): Promise<Answer<RingVersion>> {
  const { tenant, kid, actor } = request;
  return changeKeys(deps, { tenant, which: { kid }, actor }, () => ({ kind: "restore", kid }));
}
