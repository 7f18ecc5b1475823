// Opaque tokens and secrets (spec/session-token.md): prefix, random bytes, checksum.

import { formatPrefixed, parsePrefixed } from "./prefixed-text.ts";

export const CLIENT_SECRET_PREFIX = "hpc_";
export const CLIENT_SECRET_LENGTH = 32;
export const SESSION_TOKEN_PREFIX = "hps_";
export const SESSION_TOKEN_LENGTH = 48;

export function formatClientSecret(bytes: Uint8Array): string {
  return formatPrefixed(CLIENT_SECRET_PREFIX, bytes);
}

/** The 32 bytes, or undefined when the text is no client secret. */
export function parseClientSecret(text: string): Uint8Array | undefined {
  return parsePrefixed(CLIENT_SECRET_PREFIX, text, CLIENT_SECRET_LENGTH);
}

export function formatSessionToken(bytes: Uint8Array): string {
  return formatPrefixed(SESSION_TOKEN_PREFIX, bytes);
}

/** Session id (16 bytes) and secret (32 bytes) in one, or undefined when the text is no session token. */
export function parseSessionToken(text: string): Uint8Array | undefined {
  return parsePrefixed(SESSION_TOKEN_PREFIX, text, SESSION_TOKEN_LENGTH);
}
