// Refresh tokens are computed, not stored (spec/refresh-token.md). The outer MAC refuses forgeries without touching the store;
// the inner one needs the session's seed, so that a server key alone mints nothing.

import { timingSafeEqual } from "node:crypto";
import {
  encodeRefreshPayload,
  formatRefreshToken,
  REFRESH_MAC_LENGTH,
  type RefreshTokenParts,
  type RefreshTokenPayload,
} from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import { hmacSha256 } from "../kernel/mac.ts";
import { Secret } from "../kernel/secret.ts";
import type { MacKeys } from "../keys/ring.ts";

export interface RefreshScheme {
  readonly mac: MacKeys;
  readonly issuer: string;
  readonly tenant: TenantId;
}

/** The same payload, seed and keys give the same text, byte for byte. Throws when the server key is gone: a defect, because rows only name keys that are kept. */
export function mintRefreshToken(scheme: RefreshScheme, seed: Uint8Array, token: RefreshTokenPayload): Secret {
  const payload = encodeRefreshPayload(token);
  const inner = innerMac(seed, payload);
  const outer = outerMac(scheme, token.kid, payload, inner);
  if (outer === undefined) throw new Error("the server key of a live token family is gone");
  return new Secret(formatRefreshToken(payload, inner, outer));
}

/** Whether the outer MAC fits. Touches no store. Undefined when the server key is not known. */
export function outerFits(scheme: RefreshScheme, parts: RefreshTokenParts): boolean | undefined {
  const expected = outerMac(scheme, parts.kid, parts.payload, parts.inner);
  return expected === undefined ? undefined : timingSafeEqual(expected, parts.outer);
}

export function innerFits(seed: Uint8Array, parts: RefreshTokenParts): boolean {
  return timingSafeEqual(innerMac(seed, parts.payload), parts.inner);
}

function innerMac(seed: Uint8Array, payload: Uint8Array): Uint8Array {
  return hmacSha256(seed, "hallpass/refresh/1/inner", payload).subarray(0, REFRESH_MAC_LENGTH);
}

function outerMac(scheme: RefreshScheme, kid: number, payload: Uint8Array, inner: Uint8Array): Uint8Array | undefined {
  const labels = labelsOf(scheme);
  const key = scheme.mac.derive(kid, labels.key);
  if (key === undefined) return undefined;
  return hmacSha256(key, labels.outer, payload, inner).subarray(0, REFRESH_MAC_LENGTH);
}

interface Labels {
  readonly issuer: string;
  readonly tenant: TenantId;
  readonly key: string;
  readonly outer: string;
}

let lastLabels: Labels | undefined;

/** Of the issuer that was served last: texts that are the same for every token are not made for every token. */
function labelsOf({ issuer, tenant }: RefreshScheme): Labels {
  if (lastLabels?.issuer === issuer && lastLabels.tenant === tenant) return lastLabels;
  lastLabels = {
    issuer,
    tenant,
    key: `hallpass/refresh/1/key${tenant}`,
    outer: `hallpass/refresh/1/outer${issuer}`,
  };
  return lastLabels;
}
