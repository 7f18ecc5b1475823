// A tenant with keys, a client whose tokens open the feed, and as many hubs as a test wants, on a store that the test brings.

import { createHash } from "node:crypto";
import {
  bootstrapIssuer,
  bootstrapKeys,
  type ClientId,
  type Clock,
  createKeyRing,
  type Dice,
  disableClient,
  generateSigningKey,
  type Heard,
  heardAs,
  type Issuer,
  issueClientToken,
  KEY_POLICY,
  type KeyRing,
  keyEncryptionKey,
  NOBODY,
  PROFILES,
  type Revocation,
  registerClient,
  revoke,
  rotateKeys,
  type Secret,
  type Store,
  secondsOf,
  type Target,
  type TenantId,
} from "@hallpass/core";
import type { FeedEvent } from "../feed-event.ts";
import { createFeedHub, type FeedHub, type FeedHubOptions } from "../hub.ts";
import { type FeedBearer, type JudgedBearer, judgeFeedBearer } from "../own-bearer.ts";
import { type HandTime, handTime } from "./hand-time.ts";

export const TENANT: TenantId = "main" as TenantId;
export const ISSUER_URL = "https://auth.example";
export const FLEET: ClientId = "fleet" as ClientId;

export type MakeStore = (options: { readonly clock: Pick<Clock, "now">; readonly dice: Dice }) => Store;

/** What the hub has heard of a verifier that a bearer of that client let in. */
export function heardOf(hub: Pick<FeedHub, "heard">, instance: string, client: ClientId = FLEET): Heard | undefined {
  return hub.heard().get(heardAs({ instance, client }));
}

export interface World {
  readonly time: HandTime;
  readonly dice: Dice;
  readonly store: Store;
  readonly keys: KeyRing;
  readonly issuer: Issuer;
  readonly events: readonly FeedEvent[];
  hub(changes?: Partial<FeedHubOptions>): FeedHub;
  /** The access token of a client, which is registered when it is first named. */
  token(
    client?: ClientId,
    wanted?: { readonly scope?: readonly string[]; readonly audience?: string },
  ): Promise<Secret>;
  bearer(client?: ClientId): Promise<FeedBearer>;
  judge(token: Secret): Promise<JudgedBearer>;
  revoke(...targets: readonly Target[]): Promise<Revocation>;
  /** A notice about a token that nobody has. */
  revokeAny(): Promise<Revocation>;
  disable(client: ClientId): Promise<void>;
  rotate(): Promise<number>;
}

export interface WorldOptions {
  /** In place of a new store: one that other tenants use, too, or that lost something. */
  readonly store?: Store;
  readonly time?: HandTime;
  readonly tenant?: TenantId;
  readonly seed?: string;
}

const LIFETIME = secondsOf(300);

export async function aWorld(makeStore: MakeStore, options: WorldOptions = {}): Promise<World> {
  const { time = handTime(), tenant = TENANT, seed = "world" } = options;
  const dice = fixedDice(seed);
  const store = options.store ?? makeStore({ clock: time.clock, dice });
  const kek = keyEncryptionKey(fixedDice("kek").bytes(32));
  const newSigningKey = generateSigningKey;
  await bootstrapKeys({ store, dice, kek, newSigningKey }, { tenant });
  const issuer = await bootstrapIssuer(
    { store, dice },
    { tenant, url: ISSUER_URL, skew: 5, maxTokenLifetime: LIFETIME },
  );
  const keys = createKeyRing({ tenant, kek });
  const policies = PROFILES;
  const deps = { store, dice, keys, issuer, tenant, policies, clientTokenLifetime: LIFETIME };
  const events: FeedEvent[] = [];
  const secrets = new Map<ClientId, Secret>();
  let revoked = 0;

  async function secretOf(id: ClientId): Promise<Secret> {
    const known = secrets.get(id);
    if (known !== undefined) return known;
    const client = {
      id,
      name: id,
      authentication: "client_secret_basic",
      grants: ["client_credentials"],
      scope: ["feed", "sessions:read"],
      audiences: [ISSUER_URL, "https://elsewhere.example"],
      policy: "consumer",
    } as const;
    const answer = await registerClient(deps, client, null);
    if (!answer.ok || answer.value.secret === null) throw new Error("a client could not be registered");
    secrets.set(id, answer.value.secret);
    return answer.value.secret;
  }

  const world: World = {
    time,
    dice,
    store,
    keys,
    issuer,
    events,
    hub: (changes) =>
      createFeedHub({
        ...deps,
        keys: createKeyRing({ tenant, kek }),
        clock: time.clock,
        scheduler: time.scheduler,
        nodeName: "node-1",
        pause: async () => {},
        log: (event) => events.push(event),
        ...changes,
      }),
    token: async (client = FLEET, { scope = ["feed"], audience = ISSUER_URL } = {}) => {
      const secret = await secretOf(client);
      const credentials = { method: "client_secret_basic", clientId: client, secret } as const;
      const answer = await issueClientToken(deps, { credentials, scope, audience: [audience] });
      if (!answer.ok) throw new Error(answer.code);
      return answer.value.access.token;
    },
    bearer: async (client) => {
      const judged = await world.judge(await world.token(client));
      if (judged.kind !== "granted") throw new Error(judged.kind);
      return judged.bearer;
    },
    judge: (token) => judgeFeedBearer(deps, token.reveal()),
    revoke: async (...targets) => {
      const request = { targets, endReason: "revoked", reason: null, ticket: null, actor: null } as const;
      const answer = await revoke(deps, request);
      if (!answer.ok) throw new Error(answer.code);
      return answer.value;
    },
    revokeAny: () => {
      revoked += 1;
      return world.revoke({ kind: "token", jti: `jti-${seed}-${revoked}`, expires: null });
    },
    disable: async (client) => {
      const answer = await disableClient(deps, client, null);
      if (!answer.ok) throw new Error(answer.code);
    },
    rotate: async () => {
      const answer = await rotateKeys(
        { ...deps, kek, newSigningKey, policy: KEY_POLICY },
        { tenant, alg: "ES256", force: true, listeners: NOBODY },
      );
      if (!answer.ok) throw new Error(answer.code);
      return answer.value.version;
    },
  };
  return world;
}

/** The same bytes for the same seed, and never the same twice from one pair of hands. */
export function fixedDice(seed: string): Dice {
  let thrown = 0;
  return {
    bytes: (length) => {
      thrown += 1;
      const hash = createHash("shake256", { outputLength: length });
      return new Uint8Array(hash.update(`${seed} ${thrown}`).digest());
    },
  };
}
