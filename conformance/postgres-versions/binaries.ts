// A release of PostgreSQL as its package brings it, made ready to run: packages hold no links, so the names of the libraries are linked here,
// and a server refuses to run as root, so the programs go where the user who runs it can read them.

import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

export const VERSIONS = ["14", "15", "16", "17", "18"] as const;

interface Link {
  readonly source: string;
  readonly target: string;
}

/** The directory of the programs, which is gone when this process ends. Throws when the package is not installed. */
export function binariesOf(version: string): string {
  const from = join(import.meta.dirname, `node_modules/postgres-${version}`);
  if (!existsSync(from))
    throw new Error(
      `PostgreSQL ${version} is not installed: npm ci --ignore-scripts --prefix conformance/postgres-versions`,
    );
  const directory = mkdtempSync(join(tmpdir(), `hallpass-postgres-${version}-programs-`));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once("exit", remove);
  // Whoever runs it has to reach it.
  chmodSync(directory, 0o755);
  const native = join(directory, "native");
  cpSync(join(from, "native"), native, { recursive: true });
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as readonly Link[];
  for (const { source, target } of links) {
    const path = join(directory, target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
  return join(native, "bin");
}
