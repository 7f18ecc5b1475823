// Where a node and a verifier of a release are found: this one in the tree, the one before in the file that pack-release.ts made.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import type { PackedRelease } from "./pack-release.ts";

export interface Release {
  readonly name: string;
  /** Programs. */
  readonly node: string;
  readonly verifier: string;
}

const PROGRAMS = join(import.meta.dirname, "../nodes");
const ROOT = join(import.meta.dirname, "../..");

export const thisRelease: Release = {
  name: "this release",
  node: join(PROGRAMS, "serve.ts"),
  verifier: join(PROGRAMS, "verifying-process.ts"),
};

/** Unpacks it into a directory. What it depends on besides itself is what is installed here, of the versions of today. */
export function previousRelease(directory: string): Release {
  const bytes = readFileSync(join(import.meta.dirname, "previous-release.json.br"));
  const { commit, version, files } = JSON.parse(brotliDecompressSync(bytes).toString("utf8")) as PackedRelease;
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  const modules = join(directory, "node_modules");
  mkdirSync(join(modules, "@hallpass"), { recursive: true });
  for (const name of readdirSync(join(directory, "packages")))
    symlinkSync(join(directory, "packages", name), join(modules, "@hallpass", name));
  for (const name of readdirSync(join(ROOT, "node_modules")))
    if (name !== "@hallpass" && !name.startsWith("."))
      symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  const placed = (program: string): string => {
    const path = join(directory, program);
    copyFileSync(join(PROGRAMS, program), path);
    return path;
  };
  return {
    name: `${version} (${commit.slice(0, 7)})`,
    node: placed("serve.ts"),
    verifier: placed("verifying-process.ts"),
  };
}
