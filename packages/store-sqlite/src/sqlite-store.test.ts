// The contract, whole. The same file is the program that the rule about killing kills.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instantOf, type Store } from "@hallpass/core";
import { commitUntilKilled, storeContract } from "@hallpass/store-contract";
import { openSqliteStore } from "./sqlite-store.ts";

const [role, path] = process.argv.slice(2);
if (role === "commit until killed" && path !== undefined) await commitUntilKilled(await open(path));
else storeContract("sqlite", openEmpty);

function open(file: string): Promise<Store> {
  const clock = { now: () => instantOf(Date.now()) };
  return openSqliteStore({ file, clock, dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) } });
}

async function openEmpty(): ReturnType<Parameters<typeof storeContract>[1]> {
  const directory = await mkdtemp(join(tmpdir(), "hallpass-sqlite-"));
  const file = join(directory, "hallpass.db");
  return {
    store: await open(file),
    reopen: () => open(file),
    committer: ["--conditions=hallpass-source", import.meta.filename, "commit until killed", file],
    dispose: () => rm(directory, { recursive: true }),
  };
}
