// Names of things. Each has one parser; after it nobody checks again.

import { isUuid } from "@hallpass/protocol";
import { onItsOwn } from "./on-its-own.ts";

declare const tenant: unique symbol;
declare const session: unique symbol;
declare const subject: unique symbol;
declare const client: unique symbol;
declare const family: unique symbol;

export type TenantId = string & { readonly [tenant]: true };
/** A lower-case UUID; its time decides nothing. */
export type SessionId = string & { readonly [session]: true };
/** What the app calls its user: 1 to 255 bytes of UTF-8 without control characters. */
export type SubjectId = string & { readonly [subject]: true };
/** 1 to 128 characters of `A-Z a-z 0-9 . _ ~ -`. */
export type ClientId = string & { readonly [client]: true };
/** base64url of 4 random bytes: unique within its session only. */
export type FamilyId = string & { readonly [family]: true };

const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;
const CLIENT = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;
const FAMILY = /^[A-Za-z0-9_-]{5}[AQgw]$/;
// oxlint-disable-next-line no-control-regex -- control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

export function parseTenantId(text: string): TenantId | undefined {
  return TENANT.test(text) ? (text as TenantId) : undefined;
}

export function parseSessionId(text: string): SessionId | undefined {
  return isUuid(text) ? (text as SessionId) : undefined;
}

/** On its own: what is recognized again is kept by it, and in a header or a form it stands beside a secret. */
export function parseClientId(text: string): ClientId | undefined {
  return CLIENT.test(text) ? (onItsOwn(text) as ClientId) : undefined;
}

export function parseFamilyId(text: string): FamilyId | undefined {
  return FAMILY.test(text) ? (text as FamilyId) : undefined;
}

/** Refuses what could not be compared, printed or stored as it was meant: control and direction characters, text that NFC would change, lone surrogates. */
export function parseSubjectId(text: string): SubjectId | undefined {
  if (text.length === 0 || text.length > 255 || CONTROL.test(text)) return undefined;
  if (!text.isWellFormed() || text.normalize("NFC") !== text) return undefined;
  // No unit of UTF-16 is more than three bytes of UTF-8.
  const isShort = text.length * 3 <= 255 || new TextEncoder().encode(text).length <= 255;
  return isShort ? (text as SubjectId) : undefined;
}
