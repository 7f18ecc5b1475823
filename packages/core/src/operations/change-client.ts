// Changes what a client is registered for, and lets a disabled one be active again. What it was given before is not touched: to take that
// away, revoke the client.

import type { Client } from "../clients/client.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { fact } from "../facts.ts";
import type { ClientId, TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, type RefusalCode, refused } from "../kernel/refusal.ts";
import type { Policy } from "../sessions/policy.ts";
import { currentPolicy, parsePolicyName, policyKey } from "../sessions/policy-row.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";

export interface ChangeClientDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
  readonly policies: ReadonlyMap<string, Policy>;
}

/** Absent members stay as they are. How a client authenticates never changes: that would be another client. */
export type ClientChange = Partial<
  Pick<
    Client,
    "name" | "grants" | "scope" | "audiences" | "policy" | "mandate" | "roles" | "keys" | "certificate" | "origins"
  >
> & {
  /** Null: as many as the server allows any. */
  readonly tokenLimit?: NonNullable<Client["tokenLimit"]> | null;
};

/** Judges the client as it is and as it would be, in the step that writes it; a code refuses. */
export type MayChange = (before: Client, after: Client) => RefusalCode | undefined;

export interface ChangedClient {
  readonly client: Client;
  /** The members that differ now; none means that nothing was written. */
  readonly changed: readonly string[];
}

/**
 * Refuses `client_not_found`, `policy_unknown`, a policy that does not rotate for a public client (`rotation_required`), client_credentials for a
 * public client (`grant_not_allowed`), keys for a client that does not authenticate with them (`client_keys_misplaced`) or the name of a
 * certificate (`client_certificate_misplaced`), and whatever `may` refuses.
 */
export async function changeClient(
  deps: ChangeClientDeps,
  id: ClientId,
  wanted: ClientChange,
  actor: string | null,
  may: MayChange,
): Promise<Answer<ChangedClient>> {
  const key = clientKey(deps.tenant, id);
  const policy = wanted.policy === undefined ? undefined : parsePolicyName(wanted.policy);
  if (wanted.policy !== undefined && policy === undefined) return refused("policy_unknown");
  const keys = policy === undefined ? [key] : [key, policyKey(deps.tenant, policy)];
  return change<Answer<ChangedClient>>(deps.store, deps.dice, keys, (snapshot) => {
    const row = snapshot.get(key);
    const before = row === undefined ? undefined : clientFromRow(row);
    if (row === undefined || before === undefined || before.deleted === true)
      return answer(refused("client_not_found"));
    const after = changed(before, wanted);
    const held = policy === undefined ? undefined : currentPolicy(deps.policies, deps.tenant, policy, snapshot)?.policy;
    if (policy !== undefined && held === undefined) return answer(refused("policy_unknown"));
    if (held?.rotation === "off" && after.authentication === "none") return answer(refused("rotation_required"));
    if (after.authentication === "none" && after.grants.includes("client_credentials"))
      return answer(refused("grant_not_allowed"));
    if ((after.keys !== undefined) !== (after.authentication === "private_key_jwt"))
      return answer(refused("client_keys_misplaced"));
    if ((after.certificate !== undefined) !== (after.authentication === "tls_client_auth"))
      return answer(refused("client_certificate_misplaced"));
    const refusal = may(before, after);
    if (refusal !== undefined) return answer(refused(refusal));
    const names = Object.keys(wanted) as (keyof ClientChange)[];
    const differing = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name])).toSorted();
    if (differing.length === 0) return answer(granted({ client: before, changed: [] }));
    return write({
      rows: [{ key, expect: row.version, next: clientToRow(after) }],
      facts: [fact(deps.tenant, snapshot.clock, "client_changed", { client: id, changed: differing, actor })],
      answer: () => granted({ client: after, changed: differing }),
    });
  });
}

function changed(before: Client, { tokenLimit, ...wanted }: ClientChange): Client {
  const after: Client = { ...before, ...wanted };
  if (tokenLimit === undefined) return after;
  const { tokenLimit: _, ...without } = after;
  return tokenLimit === null ? without : { ...without, tokenLimit };
}

/** Refuses `client_not_found` and whatever `may` refuses. What was revoked when it was disabled stays revoked. */
export async function enableClient(
  deps: Omit<ChangeClientDeps, "policies">,
  id: ClientId,
  actor: string | null,
  may: MayChange,
): Promise<Answer<ChangedClient>> {
  const key = clientKey(deps.tenant, id);
  return change<Answer<ChangedClient>>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const before = row === undefined ? undefined : clientFromRow(row);
    if (row === undefined || before === undefined || before.deleted === true)
      return answer(refused("client_not_found"));
    const after: Client = { ...before, status: "active" };
    const refusal = may(before, after);
    if (refusal !== undefined) return answer(refused(refusal));
    if (before.status === "active") return answer(granted({ client: before, changed: [] }));
    return write({
      rows: [{ key, expect: row.version, next: clientToRow(after) }],
      facts: [fact(deps.tenant, snapshot.clock, "client_enabled", { client: id, actor })],
      answer: () => granted({ client: after, changed: ["status"] }),
    });
  });
}
