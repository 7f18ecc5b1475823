// What the processes of one user of one machine keep in files that nobody else may read. Node only. Access tokens are shared: there the lock
// saves requests and protects nothing, because two processes that both ask get two tokens, and both are good. A refresh token is one
// process's own.

import { isJsonObject, type JsonObject, parseStrictJson } from "@hallpass/protocol";
import type { FamilyStore } from "./family.ts";
import type { Timing } from "./ports.ts";
import { privateDirectory } from "./private-directory.ts";
import { platformTiming } from "./runtime.ts";
import type { StoredToken, TokenStore } from "./token-store.ts";

const LIMITS = { maxLength: 65_536, maxDepth: 1, maxMembers: 8 };

/**
 * A store of access tokens in this directory, which is made with mode 0700 where it is missing. Entries have mode 0600; one that others may
 * read, or that is not whole, counts as not there. Hand it to `createServiceClient`.
 */
export function fileTokenStore(directory: string): TokenStore {
  return fileTokenStoreOn(platformTiming(), directory);
}

/**
 * A store of one refresh token in such a directory, under a name that no other process uses: `worker-3`, the name of a pod. A later process of
 * the same name goes on where this one stopped. Hand it to `createSessionClient`.
 */
export function fileFamilyStore(directory: string, name: string): FamilyStore {
  return fileFamilyStoreOn(platformTiming(), directory, name);
}

export function fileTokenStoreOn(timing: Timing, directory: string): TokenStore {
  const entries = privateDirectory(timing, directory);
  return {
    read: async (key) => storedFrom(entryOf(await entries.read(key), key)),
    write: (key, { token, issuedAt, expiresAt }) =>
      entries.write(key, JSON.stringify({ key, token, issued_at: issuedAt, expires_at: expiresAt })),
    exclusively: (key, task) => entries.exclusively(key, task),
  };
}

export function fileFamilyStoreOn(timing: Timing, directory: string, name: string): FamilyStore {
  const entries = privateDirectory(timing, directory);
  const keyOf = (family: string): string => JSON.stringify(["family", family, name]);
  return {
    read: async (family) => {
      const { owner, refresh_token: refreshToken } = entryOf(await entries.read(keyOf(family)), keyOf(family)) ?? {};
      return typeof owner === "string" && typeof refreshToken === "string" ? { owner, refreshToken } : undefined;
    },
    write: (family, { owner, refreshToken }) =>
      entries.write(keyOf(family), JSON.stringify({ key: keyOf(family), owner, refresh_token: refreshToken })),
    exclusively: (family, task) => entries.exclusively(keyOf(family), task),
  };
}

/** Undefined for what is not whole, or another's. */
function entryOf(text: string | undefined, key: string): JsonObject | undefined {
  const parsed = parseStrictJson(text ?? "", LIMITS);
  return parsed.ok && isJsonObject(parsed.value) && parsed.value["key"] === key ? parsed.value : undefined;
}

function storedFrom(entry: JsonObject | undefined): StoredToken | undefined {
  const { token, issued_at: issuedAt, expires_at: expiresAt } = entry ?? {};
  const isWhole = typeof token === "string" && typeof issuedAt === "number" && typeof expiresAt === "number";
  return isWhole && issuedAt < expiresAt ? { token, issuedAt, expiresAt } : undefined;
}
