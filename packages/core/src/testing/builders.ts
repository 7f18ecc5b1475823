// One obvious default for each thing; a test says only what it is about.

import { createHash, hkdfSync } from "node:crypto";
import type { Client } from "../clients/client.ts";
import {
  type ClientId,
  type FamilyId,
  parseSessionId,
  type SessionId,
  type SubjectId,
  type TenantId,
} from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { afterMs, type Instant, instantOf, secondsOf } from "../kernel/time.ts";
import type { MacKeys } from "../keys/ring.ts";
import { Seen } from "../keys/seen.ts";
import { type Policy, type SessionPolicy, sessionPolicyOf } from "../sessions/policy.ts";
import type { Family, Session } from "../sessions/session.ts";
import type { Row, RowKey } from "../store/store.ts";

export const TENANT: TenantId = "main" as TenantId;
export const START: Instant = instantOf(1_764_000_000_000);
export const SID: SessionId = sessionId("019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10");
export const FAMILY: FamilyId = "AAECAw" as FamilyId;
export const WEB: ClientId = "web" as ClientId;

export function sessionId(text: string): SessionId {
  const id = parseSessionId(text);
  if (id === undefined) throw new Error("a test's session id is malformed");
  return id;
}

export function at(ms: number): Instant {
  return afterMs(START, ms);
}

/** idle 100 s, absolute 1,000 s, retry 30 s, recovery 90 s: far enough apart that each boundary can be stood on. */
export function aPolicy(changes: Partial<Policy> = {}): Policy {
  return {
    name: "test",
    version: 1,
    accessLifetime: secondsOf(60),
    idle: secondsOf(100),
    absolute: secondsOf(1000),
    retryWindow: secondsOf(30),
    recoveryWindow: secondsOf(90),
    onReuse: "session",
    rotation: "always",
    maxSessions: 3,
    overLimit: "evict_oldest",
    refreshIsActivity: true,
    remembered: null,
    requiredAcr: [],
    ...changes,
  };
}

/** What a session of that policy keeps. */
export function aSessionPolicy(changes: Partial<Policy> = {}): SessionPolicy {
  const kept = sessionPolicyOf(aPolicy(changes), false);
  if (kept === undefined) throw new Error("every policy knows sessions that are not remembered");
  return kept;
}

/** Generation 1, made at START. */
export function aFamily(changes: Partial<Family> = {}): Family {
  return {
    id: FAMILY,
    client: WEB,
    born: { epoch: 1, seq: 0 },
    generation: 1,
    rotatedAt: START,
    superseded: [],
    macKid: 1,
    scope: ["read", "write"],
    audience: ["https://api.example"],
    ended: null,
    ...changes,
  };
}

/** Active, opened at START, with one family. */
export function aSession(changes: Partial<Session> = {}): Session {
  return {
    id: SID,
    tenant: TENANT,
    subject: "u-81" as SubjectId,
    seed: Uint8Array.from({ length: 16 }, (_, index) => index),
    born: { epoch: 1, seq: 0 },
    ancestors: [],
    acr: null,
    amr: [],
    authTime: null,
    device: null,
    claims: {},
    policy: aSessionPolicy(),
    opened: START,
    lastActive: START,
    families: [aFamily()],
    token: null,
    state: { kind: "active" },
    ...changes,
  };
}

/** A public client that may refresh. */
export function aClient(changes: Partial<Client> = {}): Client {
  return {
    id: WEB,
    name: "Web",
    authentication: "none",
    secrets: [],
    grants: ["refresh_token"],
    scope: ["read", "write"],
    audiences: ["https://api.example", "https://billing.example"],
    policy: "test",
    status: "active",
    ...changes,
  };
}

export function aRow(key: RowKey, next: { readonly value: string; readonly expires: Instant | null }): Row {
  return { key, ...next, version: 1, attempt: "AAAAAAAAAAA", notBefore: null, raisedAt: null };
}

/** The same bytes for the same seed, never the same twice from one pair of hands. */
export function fixedDice(seed: string): Dice {
  let thrown = 0;
  return {
    bytes: (length) => {
      thrown += 1;
      return new Uint8Array(hkdfSync("sha256", createHash("sha256").update(seed).digest(), "", String(thrown), length));
    },
  };
}

/** The server's MAC keys, each 32 bytes in hex by its kid. */
export function macKeysOf(hex: Readonly<Record<string, string>>, currentKid: number): MacKeys {
  return {
    currentKid,
    secretKid: currentKid,
    kids: Object.keys(hex).map(Number),
    secrets: new Seen(),
    sessionTokens: new Seen(),
    headers: new Seen(),
    derive: (kid, info) => {
      const key = hex[String(kid)];
      return key === undefined ? undefined : new Uint8Array(hkdfSync("sha256", Buffer.from(key, "hex"), "", info, 32));
    },
  };
}
