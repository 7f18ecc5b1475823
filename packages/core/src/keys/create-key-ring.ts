// Opens a ring once per version of its row: deriving, decrypting and parsing keys costs more than a request does.

import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import type { FeedKey, SigningAlg } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { NextTurn } from "../kernel/ports.ts";
import type { Row } from "../store/store.ts";
import { type KeyEncryptionKey, open, sealedFor, unreadable } from "./envelope.ts";
import { type AlgKeySet, keySetsOf, type Ring } from "./key-sets.ts";
import type { FreshMacKey } from "./mac-keys.ts";
import { openKeyOf } from "./open-key.ts";
import { type KeyRing, type MacKeys, type OpenKeys, ringKey, type SignatureCount, type Signer } from "./ring.ts";
import { ringFromRow } from "./ring-row.ts";
import { Seen } from "./seen.ts";
import type { OpenSigningKey } from "./signing.ts";
import { signingDesk } from "./signing-desk.ts";
import type { ActiveKey, NextKey, RetiringKey, Trial } from "./signing-key.ts";
import { isTried } from "./trial.ts";

export interface KeyRingOptions {
  readonly tenant: TenantId;
  readonly kek: KeyEncryptionKey;
  /** When signatures that were asked for together are made; at the end of the microtask turn unless a host knows better. */
  readonly nextTurn?: NextTurn;
}

/** A node's view of one tenant's keys. Remembers the version it opened last with what it has seen, and how much it has signed. */
export function createKeyRing({ tenant, kek, nextTurn = queueMicrotask }: KeyRingOptions): KeyRing {
  let opened: { readonly attempt: string; readonly keys: OpenKeys } | undefined;
  const tally = new Map<string, { readonly alg: SigningAlg; readonly state: Role; count: number }>();
  const count: Count = (alg, state) => {
    const name = `${alg} ${state}`;
    const known = tally.get(name) ?? { alg, state, count: 0 };
    tally.set(name, known);
    return () => {
      known.count += 1;
    };
  };
  return {
    open: (snapshot) => {
      const row = snapshot.get(ringKey(tenant));
      if (row === undefined) throw unreadable("there are no keys yet");
      // A store that was restored can show another content under the same version; its attempt differs.
      if (opened?.keys.version !== row.version || opened.attempt !== row.attempt) {
        opened = { attempt: row.attempt, keys: openRow(row, kek, nextTurn, count).keys };
      }
      return opened.keys;
    },
    latest: () => opened?.keys,
    signatures: () => [...tally.values()],
  };
}

type Role = SignatureCount["state"];
type Count = (alg: SigningAlg, state: Role) => () => void;

/** Throws Fault `keys_unreadable` unless every key of the row opens. */
export function openRow(
  row: Row,
  kek: KeyEncryptionKey,
  nextTurn: NextTurn = queueMicrotask,
  count: Count = () => () => {},
): { readonly ring: Ring; readonly keys: OpenKeys } {
  const ring = ringFromRow(row.value);
  const { tenant } = row.key;
  const sets = keySetsOf(ring).map((one) => openSet(one, { tenant, kek, nextTurn, count }));
  const published = sets.flatMap((set) => set.published);
  const verifiers = new Map(published.map(({ kid, verifier }) => [kid, verifier]));
  const [first] = sets;
  if (first === undefined) throw unreadable("there are no keys yet");
  const signers = new Map(sets.map((set) => [set.alg, set]));
  const keys: OpenKeys = {
    version: row.version,
    signer: first.active,
    signerFor: (token) => {
      const set = signers.get(token.alg);
      return set?.trial != null && isTried(set.trial, token) ? set.next : set?.active;
    },
    verificationKey: (kid) => verifiers.get(kid),
    published: published.map(({ kid, state, jwk }) => ({ kid, state, jwk })),
    mac: openMacKeys(ring, tenant, kek),
    accessTokens: new Seen(),
  };
  return { ring, keys };
}

interface Opening {
  readonly tenant: TenantId;
  readonly kek: KeyEncryptionKey;
  readonly nextTurn: NextTurn;
  readonly count: Count;
}

interface OpenSet {
  readonly alg: SigningAlg;
  readonly active: Signer;
  readonly next: Signer;
  readonly trial: Trial | null;
  readonly published: readonly OpenPublished[];
}

type OpenPublished = OpenSigningKey & Pick<FeedKey, "state">;

function openSet({ alg, set }: AlgKeySet, opening: Opening): OpenSet {
  const openOne = (key: ActiveKey | NextKey | RetiringKey): OpenPublished => openSealed(alg, key, opening);
  const [active, next] = [openOne(set.active), openOne(set.next)];
  return {
    alg,
    active: signerOf(active, "active", opening),
    next: signerOf(next, "next", opening),
    trial: set.next.trial,
    published: [active, next, ...set.retiring.map(openOne)],
  };
}

function signerOf({ signer }: OpenSigningKey, state: Role, { nextTurn, count }: Opening): Signer {
  const counted = count(signer.alg, state);
  const sign = (input: string): Uint8Array => {
    counted();
    return signer.sign(input);
  };
  return { kid: signer.kid, alg: signer.alg, sign, signSoon: signingDesk(sign, nextTurn) };
}

function openSealed(
  alg: SigningAlg,
  key: ActiveKey | NextKey | RetiringKey,
  { tenant, kek }: Pick<Opening, "tenant" | "kek">,
): OpenPublished {
  const bound = sealedFor(tenant, "signing", key.kid);
  const opened = open(kek, key.sealed, bound, (pkcs8) => openKeyOf(alg, pkcs8));
  if (opened.kid !== key.kid) throw unreadable("a key does not have the thumbprint that it is kept under");
  return { ...opened, state: key.state };
}

function openMacKeys({ mac, secrets: forSecrets }: Ring, tenant: TenantId, kek: KeyEncryptionKey): MacKeys {
  const { current, older } = mac;
  const opened = (purpose: "mac" | "secret", { kid, sealed }: FreshMacKey): readonly [number, KeyObject] => {
    const key = open(kek, sealed, sealedFor(tenant, purpose, kid), createSecretKey);
    if (key.symmetricKeySize !== 32) throw unreadable("a MAC key does not have 32 bytes");
    return [kid, key];
  };
  const secrets = new Map([
    ...[current, ...older].map((key) => opened("mac", key)),
    ...(forSecrets === null ? [] : [forSecrets.current, ...forSecrets.older]).map((key) => opened("secret", key)),
  ]);
  const derived: { readonly kid: number; readonly info: string; readonly bytes: Uint8Array }[] = [];
  return {
    currentKid: current.kid,
    secretKid: forSecrets?.current.kid ?? current.kid,
    secrets: new Seen(),
    sessionTokens: new Seen(),
    headers: new Seen(),
    kids: [current, ...older].map(({ kid }) => kid),
    derive: (kid, info) => {
      const secret = secrets.get(kid);
      if (secret === undefined) return undefined;
      // A few for each key that is in use: looked through, because hashing the text would cost more.
      for (const known of derived) if (known.kid === kid && known.info === info) return known.bytes;
      const bytes = new Uint8Array(hkdfSync("sha256", secret, "", info, 32));
      derived.push({ kid, info, bytes });
      return bytes;
    },
  };
}
