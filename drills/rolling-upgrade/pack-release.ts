// `node drills/rolling-upgrade/pack-release.ts <commit>`: packs what a release runs on into previous-release.json.br, once for each release.
// So the drill needs neither the history of a clone nor a registry. Types, comments and tests are left out: some 200 KB are left.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const PACKAGES = ["protocol", "core", "store-memory", "store-sqlite", "store-postgres", "server", "verifier"];
const FILE = join(import.meta.dirname, "previous-release.json.br");

export interface PackedRelease {
  readonly commit: string;
  readonly version: string;
  /** Contents by path. */
  readonly files: Readonly<Record<string, string>>;
}

const git = (...args: readonly string[]): string =>
  execFileSync("git", args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });

const [commit] = process.argv.slice(2);
if (commit === undefined) throw new Error("name the commit of the release");
const full = git("rev-parse", `${commit}^{commit}`).trim();
const folders = PACKAGES.map((name) => `packages/${name}`);
const paths = git("ls-tree", "-r", "--name-only", full, "--", ...folders)
  .trim()
  .split("\n");
const files: Record<string, string> = {};
for (const path of paths) {
  const isSource = /\/src\/.*\.ts$/.test(path) && !/\.test\.ts$|\/src\/(?:.*\/)?testing\//.test(path);
  if (!isSource && !/^packages\/[a-z-]+\/package\.json$/.test(path)) continue;
  const text = git("show", `${full}:${path}`);
  files[path] = isSource ? bare(stripTypeScriptTypes(text)) : text;
}
const { version } = JSON.parse(files["packages/server/package.json"] ?? "{}") as { readonly version: string };
const packed: PackedRelease = { commit: full, version, files };
const options = {
  params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_LGWIN]: 24 },
};
const bytes = brotliCompressSync(JSON.stringify(packed), options);
writeFileSync(FILE, bytes);
console.log(`${Object.keys(files).length} files of ${full.slice(0, 7)}: ${bytes.length} bytes`);

/** Without lines that are comments, and without blanks at the ends of lines. */
function bare(text: string): string {
  return text
    .replaceAll(/^\s*\/\/.*$/gm, "")
    .replaceAll(/^\s*\/\*\*[\s\S]*?\*\/\s*$/gm, "")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .join("\n");
}
