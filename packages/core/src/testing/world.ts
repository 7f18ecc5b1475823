// Everything an operation needs, on a store that the test brings: an issuer, keys, a public client `web`, a confidential one `backend`.

import type { JsonObject } from "@hallpass/protocol";
import type { ClientCredentials } from "../clients/authenticate.ts";
import type { ClientId, SessionId, SubjectId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Clock, Dice } from "../kernel/ports.ts";
import { Secret } from "../kernel/secret.ts";
import { afterMs, type Instant, type Seconds, secondsOf } from "../kernel/time.ts";
import { createKeyRing } from "../keys/create-key-ring.ts";
import { keyEncryptionKey } from "../keys/envelope.ts";
import type { KeyRing } from "../keys/ring.ts";
import { generateSigningKey } from "../keys/signing.ts";
import { bootstrapIssuer } from "../operations/bootstrap-issuer.ts";
import { bootstrapKeys } from "../operations/bootstrap-keys.ts";
import { type OpenedSession, type OpenSession, openSession } from "../operations/open-session.ts";
import { type Refresh, type Refreshed, refresh } from "../operations/refresh.ts";
import { type NewClient, registerClient } from "../operations/register-client.ts";
import { type Revoke, revoke } from "../operations/revoke.ts";
import type { Revocation } from "../revocation/receipt.ts";
import type { Target } from "../revocation/target.ts";
import type { Policy } from "../sessions/policy.ts";
import type { Store, StoredFact, StoredNotice } from "../store/store.ts";
import { aClient, aPolicy, fixedDice, START, TENANT, WEB } from "./builders.ts";

export const BACKEND: ClientId = "backend" as ClientId;
export const ISSUER_URL = "https://auth.example";

/** Two keys for all worlds of a process: making them anew would cost more than most tests do. */
const KEYS = [generateSigningKey(), generateSigningKey()];

function signingKeys(): () => Uint8Array {
  let made = 0;
  return () => {
    const key = KEYS[made];
    made += 1;
    return key === undefined ? generateSigningKey() : Uint8Array.from(key);
  };
}

export interface Deps {
  readonly store: Store;
  readonly dice: Dice;
  readonly keys: KeyRing;
  readonly issuer: Issuer;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly tenant: typeof TENANT;
  readonly clientTokenLifetime: Seconds;
}

export interface World extends Deps {
  readonly backendSecret: Secret;
  now(): Instant;
  wait(ms: number): void;
  setNow(now: Instant): void;
  /** A node of its own: the same store, perhaps behind a wrapper, with keys that it has not opened yet. */
  node(store?: Store): Deps;
  facts(): Promise<readonly StoredFact[]>;
  notices(): Promise<readonly (StoredNotice & { readonly taking: JsonObject })[]>;
}

export type MakeStore = (options: { readonly clock: Pick<Clock, "now">; readonly dice: Dice }) => Store;

export async function aWorld(
  makeStore: MakeStore,
  { policy = aPolicy(), more = [] }: { readonly policy?: Policy; readonly more?: readonly Policy[] } = {},
): Promise<World> {
  let now = START;
  const dice = fixedDice("world");
  const store = makeStore({ clock: { now: () => now }, dice });
  const kek = keyEncryptionKey(dice.bytes(32));
  await bootstrapKeys({ store, dice, kek, newSigningKey: signingKeys() }, { tenant: TENANT });
  const issuer = await bootstrapIssuer(
    { store, dice },
    { tenant: TENANT, url: ISSUER_URL, skew: 5, maxTokenLifetime: 600 },
  );
  const shared = {
    dice,
    issuer,
    policies: new Map([policy, ...more].map((one) => [one.name, one])),
    tenant: TENANT,
    clientTokenLifetime: secondsOf(300),
  };
  const node = (other: Store = store): Deps => ({
    ...shared,
    store: other,
    keys: createKeyRing({ tenant: TENANT, kek }),
  });
  const own = node();
  await register(own, aClient({ policy: policy.name }));
  const backend = await register(
    own,
    aClient({
      id: BACKEND,
      authentication: "client_secret_basic",
      grants: ["client_credentials", "refresh_token"],
      policy: policy.name,
    }),
  );
  if (backend === null) throw new Error("a confidential client has a secret");
  return {
    ...own,
    backendSecret: backend,
    now: () => now,
    wait: (ms) => {
      now = afterMs(now, ms);
    },
    setNow: (next) => {
      now = next;
    },
    node,
    facts: async () => (await store.facts({ tenant: TENANT, limit: 100_000 })).facts,
    notices: async () => {
      const { notices } = await store.notices({
        tenant: TENANT,
        after: { epoch: 1, seq: 0 },
        upTo: { epoch: 1, seq: Number.MAX_SAFE_INTEGER },
        limit: 100_000,
      });
      return notices.map((notice) => ({ ...notice, taking: JSON.parse(notice.body) as JsonObject }));
    },
  };
}

async function register(deps: Deps, client: NewClient): Promise<Secret | null> {
  const registered = await registerClient(deps, client, "test");
  if (!registered.ok) throw new Error(registered.code);
  return registered.value.secret;
}

export const AS_WEB: ClientCredentials = { method: "none", clientId: WEB };

export function asBackend(world: Pick<World, "backendSecret">): ClientCredentials {
  return { method: "client_secret_basic", clientId: BACKEND, secret: world.backendSecret };
}

/** For `u-81`, through `web`: access and refresh token. */
export function anOpening(changes: Partial<OpenSession> = {}): OpenSession {
  return {
    subject: "u-81" as SubjectId,
    client: WEB,
    issue: { access: true, refresh: true },
    audience: undefined,
    scope: undefined,
    acr: null,
    amr: [],
    authTime: null,
    policy: undefined,
    remember: false,
    parent: null,
    replaces: null,
    device: null,
    claims: {},
    actor: null,
    idempotency: null,
    ...changes,
  };
}

/** Opens, or throws with the code of the refusal. */
export async function opened(deps: Deps, changes: Partial<OpenSession> = {}): Promise<OpenedSession> {
  const answer = await openSession(deps, anOpening(changes));
  if (!answer.ok) throw new Error(answer.code);
  return answer.value;
}

export function refreshTextOf({ tokens }: { readonly tokens: OpenedSession["tokens"] }): string {
  if (tokens.refresh === null) throw new Error("no refresh token was issued");
  return tokens.refresh.reveal();
}

export function accessTextOf({ tokens }: { readonly tokens: OpenedSession["tokens"] }): string {
  if (tokens.access === null) throw new Error("no access token was issued");
  return tokens.access.token.reveal();
}

export function aRefresh(token: string, changes: Partial<Refresh> = {}): Refresh {
  return { token: new Secret(token), credentials: AS_WEB, scope: undefined, audience: undefined, ...changes };
}

export function refreshed(deps: Deps, token: string, changes: Partial<Refresh> = {}): Promise<Refreshed> {
  return refresh(deps, aRefresh(token, changes));
}

/** The new refresh token, or throws with what was said instead. */
export async function nextOf(deps: Deps, token: string, changes: Partial<Refresh> = {}): Promise<string> {
  const answer = await refreshed(deps, token, changes);
  if (answer.kind !== "granted") throw new Error(answer.kind === "denied" ? answer.code : answer.outcome);
  return refreshTextOf(answer);
}

export function aRevoke(targets: readonly Target[], changes: Partial<Revoke> = {}): Revoke {
  return { targets, endReason: "revoked", reason: null, ticket: null, actor: "ops", ...changes };
}

export async function revoked(deps: Deps, ...targets: readonly Target[]): Promise<Revocation> {
  const answer = await revoke(deps, aRevoke(targets));
  if (!answer.ok) throw new Error(answer.code);
  return answer.value;
}

export function theSession(session: SessionId): Target {
  return { kind: "session", session };
}
