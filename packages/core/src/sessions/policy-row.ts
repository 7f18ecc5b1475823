// The border between a policy and its rows: one for what holds now, and one for each version there was. A profile has no row until
// somebody edits it: its version 1 is written in profiles.ts.

import type { TenantId } from "../kernel/ids.ts";
import type { Row, RowKey, Snapshot } from "../store/store.ts";
import type { Policy, PolicyNumbers } from "./policy.ts";

declare const policyName: unique symbol;

/** 1 to 63 characters of `a-z 0-9 . _ -`; the first is a letter or a digit. */
export type PolicyName = string & { readonly [policyName]: true };

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const LAYOUT = 1;
const ROTATING = { rotation: "always" } as const;
const DIGITS = 6;
/** Every version is kept: sessions name it. */
export const MOST_VERSIONS: number = 10 ** DIGITS - 1;

/** In which version each number became what it is; 1 for what is not named. */
export type Since = Readonly<Partial<Record<keyof PolicyNumbers, number>>>;

/** A version as it is kept: who put it there and when; null for the first of a profile, which nobody did. */
export interface PolicyVersion {
  readonly policy: Policy;
  readonly put: { readonly at: number; readonly by: string | null } | null;
  readonly since: Since;
}

export function untouched(policy: Policy): PolicyVersion {
  return { policy, put: null, since: {} };
}

/** What has become another number in `next` has been so since then. */
export function sinceOf(before: PolicyVersion | undefined, next: Policy): Since {
  const { name: _, version, ...numbers } = next;
  const entries = (Object.keys(numbers) as (keyof PolicyNumbers)[]).map((member): [string, number] => {
    const was = before?.policy[member];
    const changed = before !== undefined && JSON.stringify(was) !== JSON.stringify(numbers[member]);
    return [member, changed ? version : (before?.since[member] ?? 1)];
  });
  return Object.fromEntries(entries);
}

type PolicyRow = Omit<Policy, "name"> & {
  readonly layout: number;
  readonly put: PolicyVersion["put"];
  readonly since: Since;
};

export function parsePolicyName(text: string): PolicyName | undefined {
  return NAME.test(text) ? (text as PolicyName) : undefined;
}

export function policyKey(tenant: TenantId, name: string): RowKey {
  return { tenant, kind: "policy", id: name };
}

/** Ordered by version among those of its name. */
export function policyVersionKey(tenant: TenantId, name: string, version: number): RowKey {
  return { tenant, kind: "policy_version", id: `${name}/${String(version).padStart(DIGITS, "0")}` };
}

export function policyToRow({ policy, put, since }: PolicyVersion): { readonly value: string; readonly expires: null } {
  const { name: _, ...rest } = policy;
  return { value: JSON.stringify({ layout: LAYOUT, ...rest, put, since } satisfies PolicyRow), expires: null };
}

export function policyFromRow(row: Row): PolicyVersion {
  const { layout, put, since, ...rest } = JSON.parse(row.value) as PolicyRow;
  if (layout !== LAYOUT) throw new Error("a policy's row has a layout that this version does not know");
  const [name = ""] = row.key.id.split("/");
  // Rows of before there was a choice have no `rotation`.
  return { policy: { name, ...ROTATING, ...rest }, put, since };
}

/** The version that holds now; the profile where nobody has edited it. The snapshot was read with the policy's key. */
export function currentPolicy(
  profiles: ReadonlyMap<string, Policy>,
  tenant: TenantId,
  name: string,
  snapshot: Snapshot,
): PolicyVersion | undefined {
  const row = snapshot.get(policyKey(tenant, name));
  if (row !== undefined) return policyFromRow(row);
  const profile = profiles.get(name);
  return profile === undefined ? undefined : untouched(profile);
}
