// A directory of one user of one machine: whole entries that nobody else may read, and a lock for each key. Node only.
// What must stay true: an entry is whole, because it is renamed into its place; and a lock that is older than a request can take belongs to
// nobody who lives.

import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeBase64url } from "@hallpass/protocol";
import { rest, type Timing } from "./ports.ts";

const LOOK_AGAIN_MS = 50;
/** More than a request may take (5 s). */
const ABANDONED_MS = 15_000;
const OTHERS = 0o077;

export interface PrivateDirectory {
  /** Undefined for what is not there, or what others may read. */
  read(key: string): Promise<string | undefined>;
  /** A reader sees the whole earlier entry or the whole later one. */
  write(key: string, text: string): Promise<void>;
  /** Runs `task` while nobody else runs one under this key; all the same after waiting for 15 s. */
  exclusively<T>(key: string, task: () => Promise<T>): Promise<T>;
}

/** The directory is made with mode 0700 where it is missing; entries have mode 0600. */
export function privateDirectory({ clock, dice, scheduler }: Timing, directory: string): PrivateDirectory {
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
      return readFile(path, "utf8").catch(ignoreMissing);
    },
    write: async (key, text) => {
      const path = await pathOf(key);
      const draft = `${path}.${unique()}.draft`;
      try {
        await writeFile(draft, text, { flag: "wx", mode: 0o600 });
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

function ignoreMissing(fault: unknown): undefined {
  if (codeOf(fault) !== "ENOENT") throw fault;
}

function codeOf(fault: unknown): unknown {
  return typeof fault === "object" && fault !== null && "code" in fault ? fault.code : undefined;
}
