// Every number that holds for a session, or would hold for one that a client opens now, and where it comes from.

import { clientFromRow, clientKey } from "../clients/client-row.ts";
import type { ClientId, SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Policy, PolicyNumbers, SessionPolicy } from "../sessions/policy.ts";
import {
  currentPolicy,
  type PolicyVersion,
  parsePolicyName,
  policyFromRow,
  policyKey,
  policyVersionKey,
} from "../sessions/policy-row.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import type { Row, Store } from "../store/store.ts";

export type NumberSource =
  /** The policy's version; `since` is the version in which the number became what it is, when that is known. */
  | { readonly kind: "policy"; readonly since: number | null }
  /** What the policy has for sessions whose owner asked to be remembered. */
  | { readonly kind: "remembered"; readonly since: number | null }
  /** Shortened, so that the session does not outlive its parent. */
  | { readonly kind: "parent" }
  /** The longest that this issuer lets any access token live. */
  | { readonly kind: "issuer" };

export type Member = keyof PolicyNumbers;

export interface ExplainedNumber {
  readonly member: Member;
  readonly value: PolicyNumbers[Member];
  readonly source: NumberSource;
}

export interface ExplainedPolicy {
  readonly name: string;
  readonly version: number;
  /** The version that sessions are opened under now; null when the policy is gone. */
  readonly current: number | null;
  readonly put: PolicyVersion["put"];
  readonly numbers: readonly ExplainedNumber[];
}

export interface ExplainPolicyDeps {
  readonly store: Store;
  readonly issuer: Issuer;
  readonly policies: ReadonlyMap<string, Policy>;
}

/** What a session that this client opens now would get. Refuses `client_not_found`, and `policy_not_found` when the client's policy is gone. */
export async function explainClientPolicy(deps: ExplainPolicyDeps, client: ClientId): Promise<Answer<ExplainedPolicy>> {
  const { tenant } = deps.issuer;
  const key = clientKey(tenant, client);
  const row = (await deps.store.read([key])).get(key);
  if (row === undefined) return refused("client_not_found");
  const name = parsePolicyName(clientFromRow(row).policy);
  if (name === undefined) return refused("policy_not_found");
  const version = currentPolicy(deps.policies, tenant, name, await deps.store.read([policyKey(tenant, name)]));
  if (version === undefined) return refused("policy_not_found");
  const { policy, put, since } = version;
  const members = Object.keys(policy).filter((member) => member !== "name" && member !== "version") as Member[];
  const numbers = members.map((member): ExplainedNumber => {
    const source: NumberSource = { kind: "policy", since: since[member] ?? 1 };
    return capped(deps.issuer, { member, value: policy[member], source });
  });
  return granted({ name, version: policy.version, current: policy.version, put, numbers });
}

/** What holds for a session, alive or not. Refuses `session_not_found`. */
export async function explainSessionPolicy(deps: ExplainPolicyDeps, id: SessionId): Promise<Answer<ExplainedPolicy>> {
  const { tenant } = deps.issuer;
  const key = sessionKey({ tenant, id });
  const row = (await deps.store.read([key])).get(key);
  if (row === undefined) return refused("session_not_found");
  const session = sessionFromRow(row);
  const { name, version } = session.policy;
  const keys = [policyKey(tenant, name), policyVersionKey(tenant, name, version)] as const;
  const snapshot = await deps.store.read(keys);
  const opened = versionOf(deps, snapshot.get(keys[1]), session.policy);
  const current = currentPolicy(deps.policies, tenant, name, snapshot);
  const members = LIVE.map((member): ExplainedNumber => {
    const value = session.policy[member];
    return capped(deps.issuer, { member, value, source: sourceOf(member, session.policy, opened) });
  });
  return granted({
    name,
    version,
    current: current?.policy.version ?? null,
    put: opened?.put ?? null,
    numbers: members,
  });
}

/** Those that stand in a session's row. */
const LIVE = [
  "accessLifetime",
  "idle",
  "absolute",
  "retryWindow",
  "recoveryWindow",
  "onReuse",
  "rotation",
  "refreshIsActivity",
] as const satisfies readonly Member[];

function versionOf(
  deps: ExplainPolicyDeps,
  row: Row | undefined,
  { name, version }: SessionPolicy,
): PolicyVersion | undefined {
  if (row !== undefined) return policyFromRow(row);
  const profile = deps.policies.get(name);
  return profile?.version === version ? { policy: profile, put: null, since: {} } : undefined;
}

function sourceOf(
  member: (typeof LIVE)[number],
  policy: SessionPolicy,
  opened: PolicyVersion | undefined,
): NumberSource {
  const isSpan = member === "idle" || member === "absolute";
  const span = policy.remembered ? opened?.policy.remembered : opened?.policy;
  if (member === "absolute" && span != null && policy.absolute < span.absolute) return { kind: "parent" };
  if (isSpan && policy.remembered)
    return { kind: "remembered", since: opened === undefined ? null : (opened.since.remembered ?? 1) };
  return { kind: "policy", since: opened === undefined ? null : (opened.since[member] ?? 1) };
}

function capped(issuer: Issuer, one: ExplainedNumber): ExplainedNumber {
  if (one.member !== "accessLifetime" || Number(one.value) <= issuer.maxTokenLifetime) return one;
  return { ...one, value: issuer.maxTokenLifetime, source: { kind: "issuer" } };
}
