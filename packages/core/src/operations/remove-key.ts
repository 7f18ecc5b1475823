// Takes a retiring key out of what is published, once no token can need it any more. Sooner is `compromiseKeys`.

import type { TenantId } from "../kernel/ids.ts";
import type { Answer } from "../kernel/refusal.ts";
import type { RingVersion } from "../keys/change-ring.ts";
import { type ChangeKeysDeps, changeKeys } from "./change-keys.ts";

export interface RemoveKey {
  readonly tenant: TenantId;
  readonly kid: string;
}

/** Refuses with `key_not_found`, or `key_state` for a key that is not retiring or may still be needed. Throws Faults of the store and `keys_unreadable`. */
export async function removeKey(deps: ChangeKeysDeps, { tenant, kid }: RemoveKey): Promise<Answer<RingVersion>> {
  return changeKeys(deps, { tenant, which: { kid }, actor: null }, () => ({ kind: "remove", kid }));
}
