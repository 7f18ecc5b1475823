// The tenant of the simulation: small lifetimes, so that in two minutes everything expires that can.

import { createHash } from "node:crypto";
import {
  type ClientId,
  KEY_POLICY,
  type KeyEncryptionKey,
  type KeyPolicy,
  keyEncryptionKey,
  type NewClient,
  type Policy,
  PROFILES,
  type RowKey,
  type SubjectId,
  secondsOf,
  type TenantId,
} from "@hallpass/core";

export const TENANT = "main" as TenantId;
/** Where a subject's row stands: told here again, because the judges believe nobody. */
export function subjectKey(tenant: TenantId, id: SubjectId): RowKey {
  return { tenant, kind: "subject", id };
}

export const ISSUER_URL = "https://auth.sim.example";
export const API = "https://api.sim.example";
export const SKEW = 2;
export const ACCESS_LIFETIME = 20;

/** How long a client waits for the answer to a refresh. Twice as long still lies within the retry window: see truth/refreshes.ts. */
export const PATIENCE_MS = 4000;

const profile = PROFILES.get("consumer");
if (profile === undefined) throw new Error("there is no profile for consumers");

const web: Policy = {
  ...profile,
  name: "web",
  accessLifetime: secondsOf(ACCESS_LIFETIME),
  idle: secondsOf(50),
  absolute: secondsOf(110),
  retryWindow: secondsOf(9),
  recoveryWindow: secondsOf(30),
  onReuse: "session",
  maxSessions: 6,
};

export const POLICIES: ReadonlyMap<string, Policy> = new Map([
  ["web", web],
  [
    "app",
    { ...web, name: "app", onReuse: "family", idle: secondsOf(70), absolute: secondsOf(300), refreshIsActivity: false },
  ],
]);

export const KEY_NUMBERS: KeyPolicy = {
  ...KEY_POLICY,
  jwksMaxAge: secondsOf(15),
  rotateEvery: secondsOf(60),
  longestTokenLifetime: secondsOf(ACCESS_LIFETIME),
  skew: secondsOf(SKEW),
  clockDoubt: secondsOf(5),
  macRotateEvery: secondsOf(35),
  macKeep: secondsOf(1000),
};

export const KEK: KeyEncryptionKey = keyEncryptionKey(createHash("sha256").update("simulation").digest());

const SCOPE = ["read", "write", "admin"];

export const CLIENTS: readonly NewClient[] = [
  {
    id: "web" as ClientId,
    name: "web",
    authentication: "none",
    grants: ["refresh_token"],
    scope: SCOPE,
    audiences: [API, "https://other.sim.example"],
    policy: "web",
  },
  {
    id: "app" as ClientId,
    name: "app",
    authentication: "none",
    grants: ["refresh_token"],
    scope: SCOPE,
    audiences: [API],
    policy: "app",
  },
  {
    id: "desk" as ClientId,
    name: "desk",
    authentication: "client_secret_basic",
    grants: ["refresh_token", "client_credentials"],
    scope: SCOPE,
    audiences: [API],
    policy: "web",
  },
  {
    id: "verifiers" as ClientId,
    name: "verifiers",
    authentication: "client_secret_basic",
    grants: ["client_credentials"],
    scope: ["feed"],
    audiences: [ISSUER_URL, API],
    policy: "web",
  },
];

// PKCS #8 of P-256 with nothing but the private number: the platform computes the point.
const PKCS8_HEAD = Buffer.from("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420", "hex");

/** The n-th signing key of a run: the same in every run, known to everyone, good for nothing else. */
export function simulatedKey(run: string, index: number): Uint8Array {
  return Buffer.concat([PKCS8_HEAD, createHash("sha256").update(`${run} signing key ${index}`).digest()]);
}
