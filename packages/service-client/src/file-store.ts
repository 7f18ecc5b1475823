// Tokens shared by the processes of one user of one machine, in files that nobody else may read. Node only.
// What must stay true: an entry is whole, because it is renamed into its place; and the lock saves requests and protects
// nothing: two processes that both ask get two tokens, and both are good.

import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeBase64url, isJsonObject, parseStrictJson } from "@hallpass/protocol";
import { rest, type Timing } from "./ports.ts";
import { platformTiming } from "./runtime.ts";
import type { StoredToken, TokenStore } from "./token-store.ts";

const LIMITS = { maxLength: 65_536, maxDepth: 1, maxMembers: 8 };
const LOOK_AGAIN_MS = 50;
/** More than a request may take (5 s): a lock that is older belongs to nobody who lives. */
const ABANDONED_MS = 15_000;
const OTHERS = 0o077;

/**
 * A store in this directory, which is made with mode 0700 where it is missing. Entries have mode 0600; one that others may
 * read, or that is not whole, counts as not there. Hand it to `createServiceClient`.
 */
export function fileTokenStore(directory: string): TokenStore {
  return fileTokenStoreOn(platformTiming(), directory);
}

export function fileTokenStoreOn(timing: Timing, directory: string): TokenStore {
  const { clock, dice, scheduler } = timing;
  const unique = (): string => `${process.pid}-${dice.fraction().toString(36).slice(2)}`;

  async function pathOf(key: string): Promise<string> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
    return join(directory, encodeBase64url(new Uint8Array(digest)));
  }

  async function isTaken(lock: string, name: string): Promise<boolean> {
    try {
      await writeFile(lock, name, { flag: "wx", mode: 0o600 });
      return false;
    } catch (fault) {
      if (codeOf(fault) !== "EEXIST") throw fault;
      return true;
    }
  }

  async function lockUntil(lock: string, name: string): Promise<void> {
    const giveUpAt = clock.monotonic() + ABANDONED_MS;
    while (await isTaken(lock, name)) {
      // Who waited so long has seen one owner die, or many come first: either way it may go on.
      if (clock.monotonic() >= giveUpAt) return rm(lock, { force: true });
      const since = await stat(lock).then(({ mtimeMs }) => clock.now() - mtimeMs, ignoreMissing);
      if (since !== undefined && since > ABANDONED_MS) await rm(lock, { force: true });
      else await rest(scheduler, LOOK_AGAIN_MS * (0.5 + dice.fraction()));
    }
  }

  return {
    read: async (key) => {
      const path = `${await pathOf(key)}.json`;
      const found = await stat(path).catch(ignoreMissing);
      if (found === undefined || !found.isFile() || (found.mode & OTHERS) !== 0) return undefined;
      return storedFrom((await readFile(path, "utf8").catch(ignoreMissing)) ?? "", key);
    },
    write: async (key, { token, issuedAt, expiresAt }) => {
      const path = await pathOf(key);
      const draft = `${path}.${unique()}.draft`;
      try {
        await writeFile(draft, JSON.stringify({ key, token, issued_at: issuedAt, expires_at: expiresAt }), {
          flag: "wx",
          mode: 0o600,
        });
        await chmod(draft, 0o600);
        await rename(draft, `${path}.json`);
      } finally {
        await rm(draft, { force: true });
      }
    },
    exclusively: async (key, task) => {
      const lock = `${await pathOf(key)}.lock`;
      const name = unique();
      await lockUntil(lock, name);
      try {
        return await task();
      } finally {
        // Another's lock is left: ours may have been taken for abandoned.
        const owner = await readFile(lock, "utf8").catch(() => undefined);
        if (owner === name) await rm(lock, { force: true }).catch(() => undefined);
      }
    },
  };
}

function storedFrom(text: string, key: string): StoredToken | undefined {
  const parsed = parseStrictJson(text, LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
  const { key: written, token, issued_at: issuedAt, expires_at: expiresAt } = parsed.value;
  const isWhole = typeof token === "string" && typeof issuedAt === "number" && typeof expiresAt === "number";
  return isWhole && written === key && issuedAt < expiresAt ? { token, issuedAt, expiresAt } : undefined;
}

function ignoreMissing(fault: unknown): undefined {
  if (codeOf(fault) !== "ENOENT") throw fault;
}

function codeOf(fault: unknown): unknown {
  return typeof fault === "object" && fault !== null && "code" in fault ? fault.code : undefined;
}
