// Reads and writes the roles of a tenant. The written table of those that every tenant has is the server's (endpoints/roles.ts).

import { MAX_ROLES, type Roles, rolesFromRow, rolesKey, rolesToRow } from "../clients/roles.ts";
import { fact } from "../facts.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";

export interface RolesDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
}

export async function readRoles(store: Store, tenant: TenantId): Promise<Roles> {
  const key = rolesKey(tenant);
  return rolesFromRow((await store.read([key])).get(key));
}

/** Writes down the roles of the table that are not there yet on a first start. `always` gets at every start what a new release adds, and loses nothing to an older node that starts beside it. */
export async function bootstrapRoles(
  deps: RolesDeps,
  table: Roles,
  always: { readonly name: string; readonly scope: readonly string[] },
): Promise<void> {
  const key = rolesKey(deps.tenant);
  await change(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const known = row === undefined ? table : rolesFromRow(row);
    const all = [...new Set([...(known.get(always.name) ?? []), ...always.scope])];
    const next = new Map(known).set(always.name, all);
    const written = rolesToRow(next);
    if (row?.value === written.value) return answer(undefined);
    return write({ rows: [{ key, expect: row?.version ?? "absent", next: written }], answer: () => undefined });
  });
}

/** Null removes the role: whoever has its name has nothing of it any more. Refuses `role_not_found` for one that is not there to be removed, `too_many_roles`, and with `role_beyond_caller` to give or take scope that `most` does not hold. */
export async function changeRole(
  deps: RolesDeps,
  name: string,
  scope: readonly string[] | null,
  by: { readonly actor: string | null; readonly most: readonly string[] },
): Promise<Answer<Roles>> {
  const key = rolesKey(deps.tenant);
  return change<Answer<Roles>>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const known = rolesFromRow(row);
    const before = known.get(name);
    if (scope === null && before === undefined) return answer(refused("role_not_found"));
    const touched = [...(scope ?? []), ...(before ?? [])];
    if (!touched.every((one) => by.most.includes(one))) return answer(refused("role_beyond_caller"));
    if (scope !== null && before !== undefined && sameSet(scope, before)) return answer(granted(known));
    const next = new Map(known);
    if (scope === null) next.delete(name);
    else next.set(name, [...new Set(scope)].toSorted());
    if (next.size > MAX_ROLES) return answer(refused("too_many_roles"));
    const kind = scope === null ? "role_removed" : "role_changed";
    return write({
      rows: [{ key, expect: row?.version ?? "absent", next: rolesToRow(next) }],
      facts: [fact(deps.tenant, snapshot.clock, kind, { role: name, actor: by.actor })],
      answer: () => granted(next),
    });
  });
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return new Set(left).size === right.length && left.every((one) => right.includes(one));
}
