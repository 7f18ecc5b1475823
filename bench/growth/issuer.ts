// What the operations need on a store of one's own: an issuer, keys, one public client, and two policies: one for those who stay, one for those who
// are over after a second.

import {
  bootstrapIssuer,
  bootstrapKeys,
  type ClientId,
  createKeyRing,
  type Dice,
  generateKeyOf,
  type Issuer,
  type KeyRing,
  keyEncryptionKey,
  type OpenedSession,
  openSession,
  type Policy,
  PROFILES,
  parseTenantId,
  type Refresh,
  registerClient,
  type Store,
  type SubjectId,
  secondsOf,
  type TenantId,
} from "@hallpass/core";

export const CLIENT: ClientId = "app" as ClientId;
export const AS_APP: Refresh["credentials"] = { method: "none", clientId: CLIENT };

export interface Served {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
  readonly issuer: Issuer;
  readonly keys: KeyRing;
  readonly policies: ReadonlyMap<string, Policy>;
}

export async function served(store: Store, dice: Dice): Promise<Served> {
  const tenant = parseTenantId("default");
  const consumer = PROFILES.get("consumer");
  if (tenant === undefined || consumer === undefined) throw new Error("there is no such tenant or profile");
  const second = secondsOf(1);
  const short: Policy = { ...consumer, name: "short", idle: second, absolute: second };
  const kek = keyEncryptionKey(dice.bytes(32));
  await bootstrapKeys({ store, dice, kek, newSigningKey: generateKeyOf }, { tenant });
  const own = { tenant, url: "https://auth.example", skew: 30, maxTokenLifetime: 3600 };
  const issuer = await bootstrapIssuer({ store, dice }, own);
  const keys = createKeyRing({ tenant, kek });
  const policies = new Map([
    [consumer.name, consumer],
    [short.name, short],
  ]);
  const deps = { store, dice, tenant, issuer, keys, policies, clientTokenLifetime: secondsOf(600) };
  const client = {
    id: CLIENT,
    name: "App",
    authentication: "none",
    grants: ["refresh_token"],
    scope: ["read", "write"],
    audiences: ["https://api.example"],
    policy: consumer.name,
  } as const;
  const registered = await registerClient(deps, client, "bench");
  if (!registered.ok) throw new Error(registered.code);
  return deps;
}

export async function open(one: Served, subject: string, policy?: string, access = false): Promise<OpenedSession> {
  const answer = await openSession(one, {
    subject: subject as SubjectId,
    client: CLIENT,
    issue: { access, refresh: true },
    audience: undefined,
    scope: undefined,
    acr: null,
    amr: [],
    authTime: null,
    policy,
    remember: false,
    parent: null,
    replaces: null,
    device: null,
    claims: {},
    actor: null,
    idempotency: null,
  });
  if (!answer.ok) throw new Error(answer.code);
  return answer.value;
}
