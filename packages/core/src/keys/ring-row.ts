// The row `keys/ring` of a tenant: JSON text with a version. Private parts stand in it sealed; public keys don't stand in it
// at all, so that whoever can write the row, but has no key-encryption key, can't have a key of their own published.

import {
  DEFAULT_SIGNING_ALG,
  isJsonObject,
  isSigningAlg,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
} from "@hallpass/protocol";
import { parseClientId } from "../kernel/ids.ts";
import { type Instant, instantOf } from "../kernel/time.ts";
import { unreadable } from "./envelope.ts";
import { type AlgKeySet, keySetsOf, type Ring } from "./key-sets.ts";
import type { CurrentMacKey, MacKeySet, OlderMacKey } from "./mac-keys.ts";
import { FIRST_SECRET_KID, type SecretKey, type SecretKeySet } from "./secret-keys.ts";
import {
  type ActiveKey,
  type GoneKey,
  isShare,
  type KeySet,
  keysOf,
  type NextKey,
  type RetiringKey,
  type SigningKey,
  type Trial,
} from "./signing-key.ts";

const FORMAT = 1;
const LIMITS = { maxLength: 4_194_304, maxDepth: 5, maxMembers: 200_000 };

export function ringToRow(ring: Ring): string {
  const { current, older } = ring.mac;
  return JSON.stringify({
    v: FORMAT,
    signing: keysOf(ring.signing).map(signingToRow),
    ...(ring.further.length === 0 ? {} : { further: ring.further.map(furtherToRow) }),
    mac: [
      { kid: current.kid, sealed: current.sealed, created_ms: current.createdAt },
      ...older.map(({ kid, sealed, createdAt, keepUntil }) => ({
        kid,
        sealed,
        created_ms: createdAt,
        keep_until_ms: keepUntil,
      })),
    ],
    ...(ring.secrets === null ? {} : { secrets: [ring.secrets.current, ...ring.secrets.older].map(secretKeyToRow) }),
  });
}

/** Throws Fault `keys_unreadable` for anything that `ringToRow` has not written. Opens no envelope. */
export function ringFromRow(text: string): Ring {
  const parsed = parseStrictJson(text, LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) throw unreadable("the row of the keys is no JSON object");
  const { v, signing, further, mac, secrets } = parsed.value;
  if (v !== FORMAT) throw unreadable("the row of the keys has a version that this release does not know");
  const ring: Ring = {
    signing: setFromRow(objects(signing).map(signingFromRow)),
    further: further === undefined ? [] : objects(further).map(furtherFromRow),
    mac: macFromRow(objects(mac)),
    secrets: secrets === undefined ? null : secretsFromRow(objects(secrets)),
  };
  const kids = keySetsOf(ring).flatMap(({ set }) => keysOf(set).map((key) => key.kid));
  if (new Set(kids).size !== kids.length) throw unreadable("two keys have the same kid");
  return ring;
}

function furtherToRow({ alg, set }: AlgKeySet): JsonObject {
  return { alg, keys: keysOf(set).map(signingToRow) };
}

function furtherFromRow({ alg, keys }: JsonObject): AlgKeySet {
  const name = textFrom(alg);
  if (!isSigningAlg(name) || name === DEFAULT_SIGNING_ALG) {
    throw unreadable("keys have an algorithm that this release does not know");
  }
  return { alg: name, set: setFromRow(objects(keys).map(signingFromRow)) };
}

function signingToRow(key: SigningKey): JsonObject {
  const { kid, state } = key;
  switch (key.state) {
    case "next":
      return {
        kid,
        state,
        sealed: key.sealed,
        published_ms: key.publishedAt,
        ...(key.publishedIn === null ? {} : { published_in: key.publishedIn }),
        ...trialToRow(key.trial),
      };
    case "active":
      return { kid, state, sealed: key.sealed, published_ms: key.publishedAt, activated_ms: key.activatedAt };
    case "retiring":
      return {
        kid,
        state,
        sealed: key.sealed,
        published_ms: key.publishedAt,
        activated_ms: key.activatedAt,
        retired_ms: key.retiredAt,
        last_token_expires_ms: key.lastTokenExpires,
      };
    case "removed":
      return { kid, state, removed_ms: key.removedAt };
    case "compromised":
      return { kid, state, at_ms: key.at, was: key.was };
  }
}

function trialToRow(trial: Trial | null): JsonObject {
  if (trial === null) return {};
  return trial.kind === "client" ? { trial_client: trial.client } : { trial_percent: trial.percent };
}

function trialFromRow({ trial_client: client, trial_percent: percent }: JsonObject): Trial | null {
  if (client !== undefined) {
    const id = parseClientId(textFrom(client));
    if (id === undefined) throw unreadable("a trial names no client");
    return { kind: "client", client: id };
  }
  if (percent === undefined) return null;
  if (typeof percent !== "number" || !isShare(percent)) throw unreadable("a trial has no share");
  return { kind: "share", percent };
}

function signingFromRow(row: JsonObject): SigningKey {
  const kid = textFrom(row["kid"]);
  const state = textFrom(row["state"]);
  switch (state) {
    case "next":
      return {
        kid,
        state,
        sealed: textFrom(row["sealed"]),
        publishedAt: instantFrom(row["published_ms"]),
        publishedIn: row["published_in"] === undefined ? null : instantFrom(row["published_in"]),
        trial: trialFromRow(row),
      };
    case "active":
      return { kid, state, ...activeFromRow(row) };
    case "retiring": {
      const retiredAt = instantFrom(row["retired_ms"]);
      return {
        kid,
        state,
        ...activeFromRow(row),
        retiredAt,
        lastTokenExpires: instantFrom(row["last_token_expires_ms"]),
      };
    }
    case "removed":
      return { kid, state, removedAt: instantFrom(row["removed_ms"]) };
    case "compromised": {
      const { was } = row;
      if (was !== "next" && was !== "active" && was !== "retiring" && was !== "removed") {
        throw unreadable("a compromised key was in a state that this release does not know");
      }
      return { kid, state, at: instantFrom(row["at_ms"]), was };
    }
    default:
      throw unreadable("a key has a state that this release does not know");
  }
}

function activeFromRow(row: JsonObject): Pick<ActiveKey, "sealed" | "publishedAt" | "activatedAt"> {
  return {
    sealed: textFrom(row["sealed"]),
    publishedAt: instantFrom(row["published_ms"]),
    activatedAt: instantFrom(row["activated_ms"]),
  };
}

function setFromRow(keys: readonly SigningKey[]): KeySet {
  const [active, secondActive] = keys.filter((key): key is ActiveKey => key.state === "active");
  const [next, secondNext] = keys.filter((key): key is NextKey => key.state === "next");
  if (active === undefined || next === undefined || secondActive !== undefined || secondNext !== undefined) {
    throw unreadable("there is not exactly one active and one next key");
  }
  return {
    active,
    next,
    retiring: keys.filter((key): key is RetiringKey => key.state === "retiring"),
    gone: keys.filter((key): key is GoneKey => key.state === "removed" || key.state === "compromised"),
  };
}

function macFromRow(rows: readonly JsonObject[]): MacKeySet {
  const [first, ...rest] = rows;
  if (first === undefined) throw unreadable("there is no MAC key");
  const older = rest.map(
    (row): OlderMacKey => ({ ...macKeyFromRow(row), keepUntil: instantFrom(row["keep_until_ms"]) }),
  );
  const kids = new Set(rows.map((row) => row["kid"]));
  if (kids.size !== rows.length) throw unreadable("two MAC keys have the same kid");
  return { current: macKeyFromRow(first), older };
}

function macKeyFromRow(row: JsonObject): CurrentMacKey {
  const { kid } = row;
  if (typeof kid !== "number" || !Number.isInteger(kid) || kid < 1 || kid > 255)
    throw unreadable("a MAC key has no kid");
  return { kid, sealed: textFrom(row["sealed"]), createdAt: instantFrom(row["created_ms"]) };
}

function secretKeyToRow({ kid, sealed, createdAt }: SecretKey): JsonObject {
  return { kid, sealed, created_ms: createdAt };
}

function secretsFromRow(rows: readonly JsonObject[]): SecretKeySet {
  const [current, ...older] = rows.map(({ kid, sealed, created_ms: created }): SecretKey => {
    if (typeof kid !== "number" || !Number.isSafeInteger(kid) || kid < FIRST_SECRET_KID) {
      throw unreadable("a key for secrets has no kid");
    }
    return { kid, sealed: textFrom(sealed), createdAt: instantFrom(created) };
  });
  if (current === undefined) throw unreadable("there is no key for secrets");
  if (new Set(rows.map((row) => row["kid"])).size !== rows.length) throw unreadable("two keys have the same kid");
  return { current, older };
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  if (!Array.isArray(value) || !value.every(isJsonObject)) throw unreadable("a list of keys is missing");
  return value;
}

function textFrom(value: JsonValue | undefined): string {
  if (typeof value !== "string" || value === "") throw unreadable("a text of a key is missing");
  return value;
}

function instantFrom(value: JsonValue | undefined): Instant {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw unreadable("a time of a key is missing");
  return instantOf(value);
}
