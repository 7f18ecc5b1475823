// The row `keys/ring` of a tenant: JSON text with a version. Private parts stand in it sealed; public keys don't stand in it
// at all, so that whoever can write the row, but has no key-encryption key, can't have a key of their own published.

import { isJsonObject, type JsonObject, type JsonValue, parseStrictJson } from "@hallpass/protocol";
import { type Instant, instantOf } from "../kernel/time.ts";
import { unreadable } from "./envelope.ts";
import type { CurrentMacKey, MacKeySet, OlderMacKey } from "./mac-keys.ts";
import {
  type ActiveKey,
  type GoneKey,
  type KeySet,
  keysOf,
  type NextKey,
  type RetiringKey,
  type SigningKey,
} from "./signing-key.ts";

export interface Ring {
  readonly signing: KeySet;
  readonly mac: MacKeySet;
}

const FORMAT = 1;
const LIMITS = { maxLength: 4_194_304, maxDepth: 3, maxMembers: 200_000 };

export function ringToRow(ring: Ring): string {
  const { current, older } = ring.mac;
  return JSON.stringify({
    v: FORMAT,
    signing: keysOf(ring.signing).map(signingToRow),
    mac: [
      { kid: current.kid, sealed: current.sealed, created_ms: current.createdAt },
      ...older.map(({ kid, sealed, createdAt, keepUntil }) => ({
        kid,
        sealed,
        created_ms: createdAt,
        keep_until_ms: keepUntil,
      })),
    ],
  });
}

/** Throws Fault `keys_unreadable` for anything that `ringToRow` has not written. Opens no envelope. */
export function ringFromRow(text: string): Ring {
  const parsed = parseStrictJson(text, LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) throw unreadable("the row of the keys is no JSON object");
  const { v, signing, mac } = parsed.value;
  if (v !== FORMAT) throw unreadable("the row of the keys has a version that this release does not know");
  const ring = { signing: setFromRow(objects(signing).map(signingFromRow)), mac: macFromRow(objects(mac)) };
  const kids = keysOf(ring.signing).map((key) => key.kid);
  if (new Set(kids).size !== kids.length) throw unreadable("two keys have the same kid");
  return ring;
}

function signingToRow(key: SigningKey): JsonObject {
  const { kid, state } = key;
  switch (key.state) {
    case "next":
      return { kid, state, sealed: key.sealed, published_ms: key.publishedAt };
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

function signingFromRow(row: JsonObject): SigningKey {
  const kid = textFrom(row["kid"]);
  const state = textFrom(row["state"]);
  switch (state) {
    case "next":
      return { kid, state, sealed: textFrom(row["sealed"]), publishedAt: instantFrom(row["published_ms"]) };
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
