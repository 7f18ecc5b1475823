// `npm run reproduce`, after `npm run build`: builds the same sources once more in a directory of another name and depth, in another time zone
// and language, packs both, and compares every tarball and the list of components byte by byte. Exits with 1 where they differ, and if a
// build of other sources does not differ. Of the attacks of spec/attacks.md: [P-06].

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { missingIn, sbomOf } from "../../scripts/sbom.ts";

const root = join(import.meta.dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "hallpass-reproduce-"));
const elsewhere = join(scratch, "another", "place");
const env = { ...process.env, NODE_OPTIONS: "", TZ: "Pacific/Apia", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" };
const problems: string[] = [];
// A tarball holds the modes of its files: those of the build elsewhere must not be its caller's wish.
process.umask(0o022);

try {
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
  for (const path of tracked.filter((one) => one !== "")) cpSync(join(root, path), join(elsewhere, path));
  // As links where that can be: a copy is half a gigabyte.
  const modules = [join(root, "node_modules"), join(elsewhere, "node_modules")];
  if (spawnSync("cp", ["-al", ...modules]).status !== 0) {
    rmSync(join(elsewhere, "node_modules"), { recursive: true, force: true });
    execFileSync("cp", ["-a", ...modules]);
  }
  execFileSync("npm", ["run", "build"], { cwd: elsewhere, env, stdio: ["ignore", "ignore", "inherit"] });
  const [here, there] = [packed(root, "here"), packed(elsewhere, "there")];
  for (const [name, hash] of here) {
    console.log(`${hash}  ${name}`);
    if (there.get(name) !== hash) problems.push(`${name} is not the same when it is built elsewhere`);
  }
  if (here.size === 0 || here.size !== there.size) problems.push(`${here.size} packages here, ${there.size} there`);
  const sbom = sbomOf(root);
  if (sbomOf(elsewhere) !== sbom) problems.push("the list of components is not the same elsewhere");
  problems.push(...missingIn(sbom));

  appendFileSync(join(elsewhere, "packages/protocol/src/crc32.ts"), "\nexport const PLANTED = 1;\n");
  execFileSync("npm", ["run", "build"], { cwd: elsewhere, env, stdio: ["ignore", "ignore", "inherit"] });
  const planted = [...packed(elsewhere, "planted")].filter(([name, hash]) => here.get(name) !== hash);
  if (planted.length !== 1) problems.push(`a change of one package made ${planted.length} others`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log("the same bytes, wherever they are built");

/** SHA-256 of each package's tarball, by its name. */
function packed(at: string, name: string): ReadonlyMap<string, string> {
  const directory = join(scratch, name);
  mkdirSync(directory);
  const hashes = new Map<string, string>();
  for (const path of globSync(["packages/*/package.json", "apps/*/package.json"], { cwd: at }).toSorted()) {
    const said = execFileSync("npm", ["pack", "--json", "--pack-destination", directory, "--loglevel=error"], {
      cwd: join(at, dirname(path)),
      encoding: "utf8",
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    for (const { filename } of Object.values(JSON.parse(said) as readonly { readonly filename: string }[]))
      hashes.set(
        filename,
        createHash("sha256")
          .update(readFileSync(join(directory, filename)))
          .digest("hex"),
      );
  }
  return hashes;
}
