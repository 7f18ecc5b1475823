// One-time is one-time (P7): a name is used up by whoever commits first, on any node, per type and tenant; and it stays used up until
// what it belongs to could not be accepted any more.

import { createHash } from "node:crypto";
import { encodeBase64url } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Instant, isPast } from "../kernel/time.ts";
import { answer, change, write } from "../store/change.ts";
import type { RowKey, Store } from "../store/store.ts";

export interface UseOnceDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
}

export interface OneTime {
  /** Names of different types never meet. */
  readonly type: "client_assertion";
  /** Whoever chose the name: names of different owners never meet. */
  readonly owner: string;
  readonly name: string;
  /** From here on the name may be used again. */
  readonly until: Instant;
}

/** Whether this call was the one that used it up. Throws a Fault when nobody can know: what it guards is then neither accepted nor refused. */
export async function useOnce(deps: UseOnceDeps, one: OneTime): Promise<boolean> {
  const key = oneTimeKey(deps.tenant, one);
  return change(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    if (row !== undefined && (row.expires === null || !isPast(row.expires, snapshot.clock))) return answer(false);
    const next = { value: "1", expires: one.until };
    return write({ rows: [{ key, expect: row?.version ?? "absent", next }], answer: () => true });
  });
}

/** A hash, so that no name that a stranger chose stands in a key, and each has one length. */
function oneTimeKey(tenant: TenantId, { type, owner, name }: OneTime): RowKey {
  const hash = createHash("sha256")
    .update(JSON.stringify([type, owner, name]))
    .digest();
  return { tenant, kind: "one_time", id: encodeBase64url(hash) };
}
