// Opens a ring once per version of its row: deriving, decrypting and parsing keys costs more than a request does.

import { createSecretKey, hkdfSync } from "node:crypto";
import type { FeedKey } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { NextTurn } from "../kernel/ports.ts";
import type { Row } from "../store/store.ts";
import { type KeyEncryptionKey, open, sealedFor, unreadable } from "./envelope.ts";
import type { MacKeySet } from "./mac-keys.ts";
import { type KeyRing, type MacKeys, type OpenKeys, ringKey } from "./ring.ts";
import { type Ring, ringFromRow } from "./ring-row.ts";
import { type OpenSigningKey, openSigningKey } from "./signing.ts";
import { signingDesk } from "./signing-desk.ts";
import type { ActiveKey, NextKey, RetiringKey } from "./signing-key.ts";

export interface KeyRingOptions {
  readonly tenant: TenantId;
  readonly kek: KeyEncryptionKey;
  /** When signatures that were asked for together are made; at the end of the microtask turn unless a host knows better. */
  readonly nextTurn?: NextTurn;
}

/** A node's view of one tenant's keys. Remembers the version it opened last and nothing else. */
export function createKeyRing({ tenant, kek, nextTurn = queueMicrotask }: KeyRingOptions): KeyRing {
  let opened: { readonly attempt: string; readonly keys: OpenKeys } | undefined;
  return {
    open: (snapshot) => {
      const row = snapshot.get(ringKey(tenant));
      if (row === undefined) throw unreadable("there are no keys yet");
      // A store that was restored can show another content under the same version; its attempt differs.
      if (opened?.keys.version !== row.version || opened.attempt !== row.attempt) {
        opened = { attempt: row.attempt, keys: openRow(row, kek, nextTurn).keys };
      }
      return opened.keys;
    },
    latest: () => opened?.keys,
  };
}

/** Throws Fault `keys_unreadable` unless every key of the row opens. */
export function openRow(
  row: Row,
  kek: KeyEncryptionKey,
  nextTurn: NextTurn = queueMicrotask,
): { readonly ring: Ring; readonly keys: OpenKeys } {
  const ring = ringFromRow(row.value);
  const { tenant } = row.key;
  const { active, next, retiring } = ring.signing;
  const signing = openSealed(active, tenant, kek);
  const others = [next, ...retiring].map((key) => openSealed(key, tenant, kek));
  const published = [signing, ...others];
  const verifiers = new Map(published.map(({ kid, verifier }) => [kid, verifier]));
  const keys: OpenKeys = {
    version: row.version,
    signer: { ...signing.signer, signSoon: signingDesk(signing.signer.sign, nextTurn) },
    verificationKey: (kid) => verifiers.get(kid),
    published: published.map(({ kid, state, jwk }) => ({ kid, state, jwk })),
    mac: openMacKeys(ring.mac, tenant, kek),
  };
  return { ring, keys };
}

function openSealed(
  key: ActiveKey | NextKey | RetiringKey,
  tenant: TenantId,
  kek: KeyEncryptionKey,
): OpenSigningKey & Pick<FeedKey, "state"> {
  const opened = openSigningKey(open(kek, key.sealed, sealedFor(tenant, "signing", key.kid)));
  if (opened.kid !== key.kid) throw unreadable("a key does not have the thumbprint that it is kept under");
  return { ...opened, state: key.state };
}

function openMacKeys({ current, older }: MacKeySet, tenant: TenantId, kek: KeyEncryptionKey): MacKeys {
  const secrets = new Map(
    [current, ...older].map(({ kid, sealed }) => {
      const bytes = open(kek, sealed, sealedFor(tenant, "mac", kid));
      if (bytes.length !== 32) throw unreadable("a MAC key does not have 32 bytes");
      return [kid, createSecretKey(bytes)];
    }),
  );
  const derived = new Map<string, Uint8Array>();
  return {
    currentKid: current.kid,
    kids: [...secrets.keys()],
    derive: (kid, info) => {
      const secret = secrets.get(kid);
      if (secret === undefined) return undefined;
      const known = derived.get(`${kid} ${info}`);
      if (known !== undefined) return known;
      const bytes = new Uint8Array(hkdfSync("sha256", secret, "", info, 32));
      derived.set(`${kid} ${info}`, bytes);
      return bytes;
    },
  };
}
