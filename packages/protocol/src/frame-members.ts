// How single members of a frame are read (spec/feed.md).

import { decodeBase64url } from "./base64url.ts";
import { type Position, parsePosition } from "./position.ts";
import type { JsonValue } from "./strict-json.ts";

export function position(value: JsonValue | undefined): Position | undefined {
  return typeof value === "string" ? parsePosition(value) : undefined;
}

export function isText(value: JsonValue | undefined, most: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= most;
}

export function isName(value: JsonValue | undefined): value is string {
  return typeof value === "string" && /^[\x20-\x7e]{1,128}$/.test(value);
}

export function isCount(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** 16 bytes as base64url. */
export function isNonce(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value.length === 22 && decodeBase64url(value) !== undefined;
}
