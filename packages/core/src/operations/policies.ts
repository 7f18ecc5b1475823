// Reads, lists and edits policies. An edit is a new version, and ends nobody: it holds for sessions that are opened from now on
// (apply-policy.ts brings it to those that live).

import { clientFromRow } from "../clients/client-row.ts";
import { fact } from "../facts.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Policy, PolicyNumbers } from "../sessions/policy.ts";
import { wrongNumbers } from "../sessions/policy-limits.ts";
import {
  currentPolicy,
  MOST_VERSIONS,
  type PolicyName,
  type PolicyVersion,
  policyFromRow,
  policyKey,
  policyToRow,
  policyVersionKey,
  sinceOf,
  untouched,
} from "../sessions/policy-row.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";

export interface ReadPoliciesDeps {
  readonly store: Store;
  readonly tenant: TenantId;
  /** The profiles that every issuer has. */
  readonly policies: ReadonlyMap<string, Policy>;
}

export interface PutPolicyDeps extends ReadPoliciesDeps {
  readonly dice: Dice;
  readonly issuer: Issuer;
}

export interface PutPolicy {
  readonly name: PolicyName;
  /** What the next version says, given the one that holds now. It may run twice; undefined where something would be missing. */
  readonly edit: (current: Policy | undefined) => PolicyNumbers | undefined;
  /** The version that the caller saw, 0 for none; null to follow on whatever is there. */
  readonly expectVersion: number | null;
  readonly actor: string | null;
}

export interface PutVersion extends PolicyVersion {
  /** False where the version that holds says the same already: then there is no new one. */
  readonly changed: boolean;
}

/**
 * Refuses `policy_incomplete` (a new name without all numbers), `policy_invalid` (a number out of its limits), `version_conflict`, and
 * `rotation_required` for rotation turned off where a public client names the policy: it could open nothing any more.
 */
export async function putPolicy(deps: PutPolicyDeps, request: PutPolicy): Promise<Answer<PutVersion>> {
  const { tenant } = deps;
  const isForPublic = await isNamedByPublicClient(deps, request.name);
  const key = policyKey(tenant, request.name);
  return change<Answer<PutVersion>>(deps.store, deps.dice, [key], (snapshot) => {
    const current = currentPolicy(deps.policies, tenant, request.name, snapshot);
    if (request.expectVersion !== null && request.expectVersion !== (current?.policy.version ?? 0))
      return answer(refused("version_conflict"));
    const numbers = request.edit(current?.policy);
    if (numbers === undefined) return answer(refused("policy_incomplete"));
    if (wrongNumbers(numbers, deps.issuer).length > 0) return answer(refused("policy_invalid"));
    if (numbers.rotation === "off" && isForPublic) return answer(refused("rotation_required"));
    const version = (current?.policy.version ?? 0) + 1;
    if (version > MOST_VERSIONS) return answer(refused("policy_invalid"));
    const policy: Policy = { ...numbers, name: request.name, version };
    if (current !== undefined && same(current.policy, policy)) return answer(granted({ ...current, changed: false }));
    const put: PolicyVersion = {
      policy,
      put: { at: snapshot.clock, by: request.actor },
      since: sinceOf(current, policy),
    };
    return write({
      rows: [
        { key, expect: snapshot.get(key)?.version ?? "absent", next: policyToRow(put) },
        { key: policyVersionKey(tenant, request.name, version), expect: "absent", next: policyToRow(put) },
      ],
      facts: [fact(tenant, snapshot.clock, "policy_put", { policy: request.name, version, actor: request.actor })],
      answer: () => granted({ ...put, changed: true }),
    });
  });
}

/** A client that is registered meanwhile is none the worse: an opening looks again. */
async function isNamedByPublicClient({ store, tenant }: PutPolicyDeps, name: PolicyName): Promise<boolean> {
  let after: string | undefined;
  for (;;) {
    const rows = await store.list({ tenant, kind: "client", limit: PAGE, ...(after === undefined ? {} : { after }) });
    const clients = rows.map(clientFromRow);
    if (clients.some((one) => one.policy === name && one.authentication === "none" && one.deleted !== true))
      return true;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return false;
    after = last.key.id;
  }
}

const PAGE = 200;

/** The same numbers, whatever the version. */
function same(one: Policy, other: Policy): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(policy: Policy): unknown {
  return Object.entries({ ...policy, version: 0 }).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

export async function readPolicy(
  { store, tenant, policies }: ReadPoliciesDeps,
  name: PolicyName,
): Promise<Answer<PolicyVersion>> {
  const snapshot = await store.read([policyKey(tenant, name)]);
  const found = currentPolicy(policies, tenant, name, snapshot);
  return found === undefined ? refused("policy_not_found") : granted(found);
}

export interface PolicyPage {
  readonly policies: readonly PolicyVersion[];
  readonly next: string | null;
}

/** What holds now, by name: the profiles, edited or not, and all others. */
export async function listPolicies(
  { store, tenant, policies }: ReadPoliciesDeps,
  query: { readonly after: string | null; readonly limit: number },
): Promise<PolicyPage> {
  const after = query.after ?? "";
  const rows = await store.list({ tenant, kind: "policy", limit: query.limit + 1, ...startOf(query.after) });
  const edited = rows.map(policyFromRow);
  const names = new Set(edited.map(({ policy }) => policy.name));
  const profiles = [...policies.values()].filter(({ name }) => name > after && !names.has(name)).map(untouched);
  // A profile beyond the last row that was read may have a row of its own: it waits for its page.
  const last = rows.length > query.limit ? (edited.at(-1)?.policy.name ?? "") : undefined;
  const merged = [...edited, ...profiles.filter(({ policy }) => last === undefined || policy.name < last)].toSorted(
    (one, other) => (one.policy.name < other.policy.name ? -1 : 1),
  );
  return pageOf(merged, query.limit, ({ policy }) => policy.name);
}

/** Every version there was, oldest first. Those of a profile begin with the one that nobody put. */
export async function listPolicyVersions(
  { store, tenant, policies }: ReadPoliciesDeps,
  query: { readonly name: PolicyName; readonly after: string | null; readonly limit: number },
): Promise<Answer<PolicyPage>> {
  const first = policyVersionKey(tenant, query.name, 0).id;
  const rows = await store.list({
    tenant,
    kind: "policy_version",
    limit: query.limit + 1,
    after: query.after === null ? first : policyVersionKey(tenant, query.name, Number(query.after)).id,
  });
  const put = rows.map(policyFromRow).filter(({ policy }) => policy.name === query.name);
  const profile = query.after === null ? policies.get(query.name) : undefined;
  const all = profile === undefined ? put : [untouched(profile), ...put];
  if (all.length === 0 && query.after === null) return refused("policy_not_found");
  return granted(pageOf(all, query.limit, ({ policy }) => String(policy.version)));
}

function pageOf(all: readonly PolicyVersion[], limit: number, placeOf: (one: PolicyVersion) => string): PolicyPage {
  const policies = all.slice(0, limit);
  const last = policies.at(-1);
  return { policies, next: all.length > limit && last !== undefined ? placeOf(last) : null };
}

function startOf(after: string | null): { readonly after?: string } {
  return after === null ? {} : { after };
}
