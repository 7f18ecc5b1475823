// Refresh tokens are computed, not stored (spec/refresh-token.md). The outer MAC refuses forgeries without touching the store;
// the inner one needs the session's seed, so that a server key alone mints nothing.

import {
  encodeRefreshPayload,
  formatRefreshToken,
  REFRESH_MAC_LENGTH,
  type RefreshTokenParts,
  type RefreshTokenPayload,
} from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import { macFits, shortMac } from "../kernel/mac.ts";
import { Secret } from "../kernel/secret.ts";
import type { MacKeys } from "../keys/ring.ts";

export interface RefreshScheme {
  readonly mac: MacKeys;
  readonly issuer: string;
  readonly tenant: TenantId;
}

const INNER = "hallpass/refresh/1/inner";

/** The same payload, seed and keys give the same text, byte for byte. Throws when the server key is gone: a defect, because rows only name keys that are kept. */
export function mintRefreshToken(scheme: RefreshScheme, seed: Uint8Array, token: RefreshTokenPayload): Secret {
  const payload = encodeRefreshPayload(token);
  const labels = labelsOf(scheme);
  const key = scheme.mac.derive(token.kid, labels.key);
  if (key === undefined) throw new Error("the server key of a live token family is gone");
  const inner = shortMac(REFRESH_MAC_LENGTH, seed, INNER, payload);
  const outer = shortMac(REFRESH_MAC_LENGTH, key, labels.outer, payload, inner);
  return new Secret(formatRefreshToken(payload, inner, outer));
}

/** Whether the outer MAC fits. Touches no store. Undefined when the server key is not known. */
export function outerFits(
  scheme: RefreshScheme,
  { kid, payload, inner, outer }: RefreshTokenParts,
): boolean | undefined {
  const labels = labelsOf(scheme);
  const key = scheme.mac.derive(kid, labels.key);
  return key === undefined ? undefined : macFits(outer, key, labels.outer, payload, inner);
}

export function innerFits(seed: Uint8Array, { payload, inner }: RefreshTokenParts): boolean {
  return macFits(inner, seed, INNER, payload);
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
