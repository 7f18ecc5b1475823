// The bytes of a refresh token (spec/refresh-token.md). MACs are made and checked in core; here is only the layout.

import { decodeBase64url, encodeUint32 } from "./base64url.ts";
import { formatPrefixed, parsePrefixed } from "./prefixed-text.ts";
import { uuidAt, uuidToBytes } from "./uuid.ts";

export const REFRESH_TOKEN_PREFIX = "hpr_";
export const REFRESH_PAYLOAD_LENGTH = 26;
export const REFRESH_MAC_LENGTH = 16;
const LENGTH = REFRESH_PAYLOAD_LENGTH + 2 * REFRESH_MAC_LENGTH;
const FORMAT = 1;

export interface RefreshTokenPayload {
  /** The server's MAC key: 1 to 255. */
  readonly kid: number;
  readonly sid: string;
  readonly fam: string;
  /** 1 to 2^32-1. */
  readonly generation: number;
}

export interface RefreshTokenParts extends RefreshTokenPayload {
  readonly payload: Uint8Array;
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

/** Throws a RangeError when a number is out of its range or an id is malformed: a defect of the caller. */
export function encodeRefreshPayload(token: RefreshTokenPayload): Uint8Array {
  const sid = uuidToBytes(token.sid);
  const fam = decodeBase64url(token.fam);
  const inRange = isWithin(token.kid, 0xff) && isWithin(token.generation, 0xffff_ffff);
  if (sid === undefined || fam?.length !== 4 || !inRange)
    throw new RangeError("a refresh token's payload is out of range");
  const bytes = new Uint8Array(REFRESH_PAYLOAD_LENGTH);
  bytes[0] = FORMAT;
  bytes[1] = token.kid;
  bytes.set(sid, 2);
  bytes.set(fam, 18);
  // Byte by byte, and copies below instead of views: a view makes the platform keep a buffer of its own for each of them.
  for (let at = 0; at < 4; at += 1) bytes[22 + at] = token.generation >>> (24 - 8 * at);
  return bytes;
}

export function formatRefreshToken(payload: Uint8Array, inner: Uint8Array, outer: Uint8Array): string {
  const bytes = new Uint8Array(LENGTH);
  bytes.set(payload, 0);
  bytes.set(inner, REFRESH_PAYLOAD_LENGTH);
  bytes.set(outer, REFRESH_PAYLOAD_LENGTH + REFRESH_MAC_LENGTH);
  return formatPrefixed(REFRESH_TOKEN_PREFIX, bytes);
}

/** Undefined when the text is no refresh token of this format. Says nothing about the MACs. */
export function parseRefreshToken(text: string): RefreshTokenParts | undefined {
  const bytes = parsePrefixed(REFRESH_TOKEN_PREFIX, text, LENGTH);
  if (bytes === undefined || bytes[0] !== FORMAT) return undefined;
  const kid = bytes[1] ?? 0;
  const generation = uint32At(bytes, 22);
  if (kid === 0 || generation === 0) return undefined;
  return {
    kid,
    sid: uuidAt(bytes, 2),
    fam: encodeUint32(uint32At(bytes, 18)),
    generation,
    payload: bytes.slice(0, REFRESH_PAYLOAD_LENGTH),
    inner: bytes.slice(REFRESH_PAYLOAD_LENGTH, REFRESH_PAYLOAD_LENGTH + REFRESH_MAC_LENGTH),
    outer: bytes.slice(REFRESH_PAYLOAD_LENGTH + REFRESH_MAC_LENGTH),
  };
}

function uint32At(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let at = from; at < from + 4; at += 1) value = (value << 8) | (bytes[at] ?? 0);
  return value >>> 0;
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}
