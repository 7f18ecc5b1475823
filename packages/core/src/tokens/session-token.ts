// Session tokens (spec/session-token.md): opaque, for cookies and gateways. The secret is computed from the session's seed and a server
// key, so that whoever lost an answer can be given the same token again; at rest stands a keyed hash of it, by which it is judged.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { decodeBase64url, encodeBase64url, formatSessionToken, uuidToBytes } from "@hallpass/protocol";
import { secretHash } from "../clients/secret-hash.ts";
import type { SessionId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import type { MacKeys } from "../keys/ring.ts";
import type { HashedToken, Session, SessionToken } from "../sessions/session.ts";

const LABEL = "hallpass/session-token/1";

/** What stands in the row for the token that follows `before`; the first one for null. */
export function nextSessionToken(
  mac: MacKeys,
  session: Pick<Session, "id" | "seed" | "tenant">,
  family: SessionToken["family"],
  before: SessionToken | null,
): SessionToken {
  const generation = (before?.generation ?? 0) + 1;
  const kid = mac.currentKid;
  const hash = hashOf(mac, session.id, kid, bytesOf(mac, session, { generation, kid }));
  return {
    family,
    generation,
    kid,
    hash,
    previous: before === null ? null : { kid: before.kid, hash: before.hash },
  };
}

/** The token that the row stands for: the same text every time. Throws when its server key is gone: a defect, because rows only name keys that are kept. */
export function mintSessionToken(
  mac: MacKeys,
  session: Pick<Session, "id" | "seed" | "tenant">,
  token: SessionToken,
): Secret {
  return new Secret(formatSessionToken(bytesOf(mac, session, token)));
}

/** Whether the bytes of a token are those of the session's, of the one before it, or nobody's. In constant time. */
export function fitOf(mac: MacKeys, sid: SessionId, token: SessionToken, bytes: Uint8Array): FitOfToken {
  // Both are always compared, so that the time does not tell which.
  const current = fits(mac, sid, token, bytes);
  const previous = fits(mac, sid, token.previous ?? NOBODYS, bytes);
  return current ? "current" : token.previous !== null && previous ? "superseded" : "unknown";
}

export type FitOfToken = "current" | "superseded" | "unknown";

/** The `jti` of what a session token says: its session, and which of the session's tokens it is. Public: it is no part of the secret. */
export function sessionTokenName(sid: SessionId, bytes: Uint8Array): string {
  const digest = createHash("sha256").update("hallpass/session-token/1/name").update(bytes).digest();
  return `${sid}.${encodeBase64url(digest.subarray(0, 9))}`;
}

/** The name of the token that a row stands for. */
export function nameOfSessionToken(
  mac: MacKeys,
  session: Pick<Session, "id" | "seed" | "tenant">,
  token: SessionToken,
): string {
  return sessionTokenName(session.id, bytesOf(mac, session, token));
}

/** Whether a `jti` is the name of a session token, which lives as long as its session may. */
export function namesSessionToken(jti: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[A-Za-z0-9_-]{12}$/.test(jti);
}

const NOBODYS: HashedToken = { kid: 1, hash: "A".repeat(43) };

function fits(mac: MacKeys, sid: SessionId, { kid, hash }: HashedToken, bytes: Uint8Array): boolean {
  const expected = decodeBase64url(hash);
  const actual = secretHash(mac, kid, LABEL, sid, bytes);
  return actual !== undefined && expected?.length === actual.length && timingSafeEqual(expected, actual);
}

function hashOf(mac: MacKeys, sid: SessionId, kid: number, bytes: Uint8Array): string {
  const hash = secretHash(mac, kid, LABEL, sid, bytes);
  if (hash === undefined) throw new Error("the current server key is gone");
  return encodeBase64url(hash);
}

/** Session id and secret: `HMAC(HKDF(server key kid), label ‖ tenant ‖ 0x00 ‖ id ‖ generation ‖ seed)`. */
function bytesOf(
  mac: MacKeys,
  { id, seed, tenant }: Pick<Session, "id" | "seed" | "tenant">,
  { generation, kid }: Pick<SessionToken, "generation" | "kid">,
): Uint8Array {
  const key = mac.derive(kid, "hallpass/session-token/1/key");
  if (key === undefined) throw new Error("the server key of a live session token is gone");
  const sid = uuidToBytes(id);
  if (sid === undefined) throw new Error("a session's id is no UUID");
  const number = Buffer.alloc(4);
  number.writeUInt32BE(generation);
  const secret = createHmac("sha256", key)
    .update("hallpass/session-token/1/secret")
    .update(tenant)
    .update("\0")
    .update(sid)
    .update(number)
    .update(seed)
    .digest();
  return Buffer.concat([sid, secret]);
}
