// A backup: each tenant's store in one consistent state, into a new directory that gets its name when all of it is on the disk.

import { readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { formatPosition } from "@hallpass/protocol";
import type { Config } from "../config.ts";
import { storedTenants } from "../host/choose-store.ts";
import type { Ports } from "../host/ports.ts";
import { portsWith } from "../host/ports.ts";
import { flushDirectory, flushFile, makePrivateDirectory, makePrivateFile } from "../host/private-files.ts";
import { type BackedUpTenant, digestOf, MANIFEST, type Manifest } from "./manifest.ts";
import { BackupProblem } from "./problem.ts";
import { asProblem } from "./tool-problem.ts";

/** Rejects with a BackupProblem or a Fault of a store; then there is no backup, and nothing is left of it. */
export async function backUp(config: Config, directory: string, given: Partial<Ports> = {}): Promise<Manifest> {
  const ports = portsWith(given);
  const stored = await storedTenants(config, ports);
  if (stored === undefined)
    throw new BackupProblem("store_forgets", "the memory store has nothing to back up", "choose another store");
  const target = resolve(directory);
  refuseFilled(target);
  const beside = `${target}.partial`;
  rmSync(beside, { recursive: true, force: true });
  makePrivateDirectory(beside);
  try {
    const madeAt = ports.clock.now();
    const tenants: BackedUpTenant[] = [];
    for (const one of stored.tenants) {
      if (!(await one.isThere()))
        throw new BackupProblem(
          "no_store",
          `there is no store of ${one.tenant} here`,
          "name its configuration or data",
        );
      const file = `${one.tenant}.${one.suffix}`;
      const copied = await asProblem(one.copyTo(join(beside, file)));
      tenants.push({
        tenant: one.tenant,
        issuer: one.issuer,
        file,
        ...(await digestOf(join(beside, file))),
        head: formatPosition(copied.head),
        store: copied.store,
        keys_sealed_under: [...copied.keysSealedUnder],
      });
      flushFile(join(beside, file));
    }
    const manifest: Manifest = { hallpass_backup: 1, made_at_ms: madeAt, store: stored.kind, tenants };
    makePrivateFile(join(beside, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    rmSync(target, { recursive: true, force: true });
    renameSync(beside, target);
    flushDirectory(dirname(target));
    return manifest;
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    throw error;
  }
}

function refuseFilled(target: string): void {
  let names: readonly string[];
  try {
    names = readdirSync(target);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw new BackupProblem("target_not_empty", `${target} is no directory`, "name a new directory");
  }
  if (names.length > 0)
    throw new BackupProblem("target_not_empty", `${target} is not empty`, "name a new directory for each backup");
}
