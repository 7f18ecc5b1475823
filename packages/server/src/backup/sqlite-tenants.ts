// The files of an embedded store. A copy is what VACUUM INTO makes of one read transaction: consistent, compact, and beside a server that goes on.

import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Store } from "@hallpass/core";
import { flushDirectory, flushFile, makePrivateDirectory, makePrivateFile } from "../host/private-files.ts";
import { BackupProblem } from "./problem.ts";
import type { CopiedStore, StoredTenant, StoredTenants } from "./stored-tenant.ts";

export const SQLITE_FILE = "hallpass.sqlite";
/** Names the files that a restore is moving in. While it is there, nothing is served. */
const RESTORING = "restoring";

export interface SqliteTenant {
  readonly tenant: string;
  readonly issuer: string;
  readonly data: string;
}

export interface SqliteDeps {
  readonly open: (file: string) => Promise<Store>;
  readonly contentOf: (store: Store, tenant: string) => Promise<CopiedStore>;
}

export function isRestoring(data: string): boolean {
  return existsSync(join(data, RESTORING));
}

/** `data` is that of the default tenant. */
export function sqliteTenants(data: string, tenants: readonly SqliteTenant[], deps: SqliteDeps): StoredTenants {
  return {
    kind: "sqlite",
    undoHalfMove: async () => undoHalfMove(data),
    tenants: tenants.map((tenant) => sqliteTenant(tenant, deps)),
    moveIn: async () => {
      const places = tenants.map((tenant) => join(tenant.data, SQLITE_FILE));
      makePrivateFile(join(data, RESTORING), `${JSON.stringify(places)}\n`);
      for (const place of places) {
        renameSync(asideOf(place), place);
        removeBeside(asideOf(place));
        flushDirectory(dirname(place));
      }
      rmSync(join(data, RESTORING));
      flushDirectory(data);
    },
  };
}

function sqliteTenant({ tenant, issuer, data }: SqliteTenant, { open, contentOf }: SqliteDeps): StoredTenant {
  const place = join(data, SQLITE_FILE);
  const aside = asideOf(place);
  const removeAside = async (): Promise<void> => {
    rmSync(aside, { force: true });
    removeBeside(aside);
  };
  return {
    tenant,
    issuer,
    suffix: "sqlite",
    isThere: async () => existsSync(place),
    copyTo: async (path) => {
      vacuumInto(place, path);
      const copy = await open(path);
      try {
        return await contentOf(copy, tenant);
      } finally {
        await copy.close();
        removeBeside(path);
        flushFile(path);
      }
    },
    putAside: async (path) => {
      await removeAside();
      makePrivateDirectory(data);
      makePrivateFile(aside, "");
      copyFileSync(path, aside);
      judge(aside);
      flushFile(aside);
    },
    openAside: () => open(aside),
    removeAside,
    peek: async () => {
      const store = await open(place);
      try {
        return await contentOf(store, tenant);
      } finally {
        await store.close();
      }
    },
    open: () => open(place),
  };
}

function asideOf(place: string): string {
  return `${place}.restoring`;
}

function vacuumInto(from: string, to: string): void {
  makePrivateFile(to, "");
  const db = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
  try {
    db.prepare("VACUUM INTO ?").run(to);
  } finally {
    db.close();
  }
}

/** Throws a BackupProblem for a file whose pages do not fit together, though its bytes are those that were written. */
function judge(file: string): void {
  let found: unknown;
  try {
    const db = new DatabaseSync(file);
    try {
      found = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
    } finally {
      db.close();
    }
  } catch (error) {
    found = error instanceof Error ? error.message : "it can't be opened";
  }
  if (found !== "ok")
    throw new BackupProblem("backup_broken", `the copy is damaged: ${String(found)}`, "restore another backup");
}

/** What SQLite and the store's lock leave beside a file that nobody has open. */
function removeBeside(file: string): void {
  for (const end of ["-wal", "-shm", "-lock", "-lock-journal"]) rmSync(`${file}${end}`, { force: true });
}

/** A restore that was killed while it moved: what it had moved is taken away again, so that there is nothing of it. */
function undoHalfMove(data: string): void {
  const marker = join(data, RESTORING);
  if (!existsSync(marker)) return;
  for (const place of placesIn(readFileSync(marker, "utf8"))) {
    rmSync(place, { force: true });
    removeBeside(place);
    if (existsSync(dirname(place))) flushDirectory(dirname(place));
  }
  rmSync(marker);
  flushDirectory(data);
}

/** One that was not written whole: nothing was moved then. */
function placesIn(text: string): readonly string[] {
  return text.endsWith("\n") ? (JSON.parse(text) as readonly string[]) : [];
}
