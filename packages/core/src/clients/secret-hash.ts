// How secrets rest (spec/session-token.md, OP-2): a keyed hash, with the id of its key beside it.

import { createHash } from "node:crypto";
import { formatClientSecret } from "@hallpass/protocol";
import { hmacSha256 } from "../kernel/mac.ts";
import type { MacKeys } from "../keys/ring.ts";

export type SecretLabel = "hallpass/client-secret/1" | "hallpass/session-token/1";

/** A secret that was preset by its SHA-256 before there was any server key. */
export const PRESET_KID = 0;

/** 32 bytes; undefined when the server key `kid` is gone. */
export function secretHash(
  mac: MacKeys,
  kid: number,
  label: SecretLabel,
  owner: string,
  secret: Uint8Array,
): Uint8Array | undefined {
  if (kid === PRESET_KID) return createHash("sha256").update(formatClientSecret(secret)).digest();
  const key = mac.derive(kid, "hallpass/secret/1/key");
  return key === undefined ? undefined : hmacSha256(key, `${label}${owner}\0`, secret);
}
