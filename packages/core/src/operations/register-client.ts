// Registers, lists and disables clients. Ids are never reused: a disabled client's row stays.

import { DEFAULT_SIGNING_ALG, encodeBase64url, formatClientSecret, type SigningAlg } from "@hallpass/protocol";
import { type Client, hasSecret, signingAlgOf } from "../clients/client.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { PRESET_KID, secretHash } from "../clients/secret-hash.ts";
import { fact } from "../facts.ts";
import type { ClientId, TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { Secret } from "../kernel/secret.ts";
import { type Instant, isPast } from "../kernel/time.ts";
import { keySetOf } from "../keys/key-sets.ts";
import { type KeyRing, type MacKeys, ringKey } from "../keys/ring.ts";
import { ringFromRow } from "../keys/ring-row.ts";
import type { Policy } from "../sessions/policy.ts";
import { currentPolicy, parsePolicyName, policyKey } from "../sessions/policy-row.ts";
import { answer, change, write } from "../store/change.ts";
import type { Snapshot, Store } from "../store/store.ts";

export interface RegisterClientDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly keys: KeyRing;
  readonly tenant: TenantId;
  readonly policies: ReadonlyMap<string, Policy>;
}

export type NewClient = Omit<Client, "secrets" | "status">;

/** base64url of the SHA-256 of a secret's text, for a secret that was made elsewhere and is never shown here. */
export type PresetSecret = string;

export interface RegisteredClient {
  readonly client: Client;
  /** Shown once; only its keyed hash is kept. Null for a public client and for a preset secret. */
  readonly secret: Secret | null;
}

/**
 * Refuses `client_exists` (a disabled one exists, too), `policy_unknown`, a policy that does not rotate for a public client (`rotation_required`),
 * client_credentials for a public client (`grant_not_allowed`), and keys for a client that does not authenticate with them, or none for one that
 * does (`client_keys_misplaced`); the same for the name of a certificate (`client_certificate_misplaced`).
 */
export async function registerClient(
  deps: RegisterClientDeps,
  wanted: NewClient,
  actor: string | null,
  preset: PresetSecret | null = null,
): Promise<Answer<RegisteredClient>> {
  if (wanted.authentication === "none" && wanted.grants.includes("client_credentials"))
    return refused("grant_not_allowed");
  if ((wanted.keys !== undefined) !== (wanted.authentication === "private_key_jwt"))
    return refused("client_keys_misplaced");
  if ((wanted.certificate !== undefined) !== (wanted.authentication === "tls_client_auth"))
    return refused("client_certificate_misplaced");
  const key = clientKey(deps.tenant, wanted.id);
  const policy = parsePolicyName(wanted.policy);
  if (policy === undefined) return refused("policy_unknown");
  const bytes = deps.dice.bytes(32);
  return change(deps.store, deps.dice, [ringKey(deps.tenant), key, policyKey(deps.tenant, policy)], (snapshot) => {
    const held = currentPolicy(deps.policies, deps.tenant, policy, snapshot)?.policy;
    if (held === undefined) return answer(refused("policy_unknown"));
    if (held.rotation === "off" && wanted.authentication === "none") return answer(refused("rotation_required"));
    if (snapshot.get(key) !== undefined) return answer(refused("client_exists"));
    if (!maySign(snapshot, deps.tenant, signingAlgOf(wanted))) return answer(refused("signing_alg_unavailable"));
    const isSecret = hasSecret(wanted.authentication);
    const shown = isSecret && preset === null;
    const presetSecrets =
      preset === null || !isSecret ? [] : [{ kid: PRESET_KID, hash: preset, added: snapshot.clock }];
    const secrets = shown ? [hashed(deps.keys.open(snapshot).mac, wanted.id, bytes, snapshot.clock)] : presetSecrets;
    const client: Client = { ...wanted, secrets, status: "active" };
    return write({
      rows: [{ key, expect: "absent", next: clientToRow(client) }],
      facts: [fact(deps.tenant, snapshot.clock, "client_added", { client: client.id, actor })],
      answer: () => granted({ client, secret: !shown ? null : new Secret(formatClientSecret(bytes)) }),
    });
  });
}

/** There are keys of the algorithm, and whoever may remember a JWKS without them has fetched it again. */
function maySign(snapshot: Snapshot, tenant: TenantId, alg: SigningAlg): boolean {
  if (alg === DEFAULT_SIGNING_ALG) return true;
  const row = snapshot.get(ringKey(tenant));
  const set = row === undefined ? undefined : keySetOf(ringFromRow(row.value), alg);
  return set !== undefined && isPast(set.active.activatedAt, snapshot.clock);
}

function hashed(mac: MacKeys, owner: ClientId, secret: Uint8Array, now: Instant): Client["secrets"][number] {
  const hash = secretHash(mac, mac.secretKid, "hallpass/client-secret/1", owner, secret);
  if (hash === undefined) throw new Error("the current server key is gone");
  return { kid: mac.secretKid, hash: encodeBase64url(hash), added: now };
}

export async function readClient(store: Store, tenant: TenantId, id: ClientId): Promise<Answer<Client>> {
  const key = clientKey(tenant, id);
  const row = (await store.read([key])).get(key);
  const client = row === undefined ? undefined : clientFromRow(row);
  return client === undefined || client.deleted === true ? refused("client_not_found") : granted(client);
}

export async function listClients(
  store: Store,
  tenant: TenantId,
  query: { readonly after: ClientId | null; readonly limit: number },
): Promise<{ readonly clients: readonly Client[]; readonly next: ClientId | null }> {
  const rows = await store.list({
    tenant,
    kind: "client",
    limit: query.limit + 1,
    ...(query.after === null ? {} : { after: query.after }),
  });
  const clients = rows.slice(0, query.limit).map(clientFromRow);
  const next = rows.length > query.limit ? (clients.at(-1)?.id ?? null) : null;
  return { clients: clients.filter((client) => client.deleted !== true), next };
}
