// What a user of the packages gets: packs every package, installs the tarballs into an empty project and imports every
// exported entry with plain node, without the condition that leads to the sources. Needs `npm run build` first.
// An entry that names nothing but a source is for this repository's own drills, and no user of the package has it.

import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly types?: string; readonly default?: string }>>;
  readonly bin?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "..");
const project = mkdtempSync(join(tmpdir(), "hallpass-consumer-"));
const env = { ...process.env, NODE_OPTIONS: "" };
const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
let failures = 0;

function attempt(what: string, act: () => void): void {
  try {
    act();
    console.log(`passed: ${what}`);
  } catch (error) {
    failures += 1;
    console.error(`FAILED: ${what}\n${error instanceof Error ? error.message : String(error)}`);
  }
}

try {
  const dependencies: Record<string, string> = {};
  const manifests: Manifest[] = [];
  for (const path of globSync(["packages/*/package.json", "apps/*/package.json"], { cwd: root }).toSorted()) {
    const manifest: Manifest = JSON.parse(readFileSync(join(root, path), "utf8"));
    const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", project, ...quiet], {
      cwd: join(root, dirname(path)),
      encoding: "utf8",
      env,
    });
    const [tarball]: { filename: string; files: { path: string }[] }[] = Object.values(JSON.parse(packed));
    if (tarball === undefined) throw new Error(`npm pack printed no tarball for ${manifest.name}`);
    dependencies[manifest.name] = `file:${tarball.filename}`;
    manifests.push(manifest);
    attempt(`${manifest.name} packs its build and no test`, () => {
      const paths = tarball.files.map((file) => file.path);
      const wrong = paths.filter((file) => /\.test\.|\.tsbuildinfo$|^src\//.test(file));
      if (wrong.length > 0) throw new Error(`packed: ${wrong.join(", ")}`);
      for (const { types, default: main } of Object.values(manifest.exports)) {
        if ((types === undefined) !== (main === undefined)) throw new Error("exported without types, or types alone");
        for (const target of [types, main]) {
          if (target !== undefined && !paths.includes(target.replace(/^\.\//, "")))
            throw new Error(`exported and not packed: ${target}`);
        }
      }
    });
  }

  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  execFileSync("npm", ["install", "--ignore-scripts", ...quiet], { cwd: project, stdio: "inherit", env });

  for (const { name, exports, bin } of manifests) {
    for (const [entry, { default: main }] of Object.entries(exports)) {
      if (main === undefined) continue;
      const specifier = `${name}${entry.slice(1)}`;
      attempt(`import ${specifier}`, () => {
        const script = `await import(${JSON.stringify(specifier)})`;
        execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: project, stdio: "pipe", env });
      });
    }
    for (const [command, file] of Object.entries(bin ?? {})) {
      attempt(`${command} --help`, () => {
        const path = join(project, "node_modules", name, file);
        execFileSync(process.execPath, [path, "--help"], { cwd: project, stdio: "pipe", env });
      });
    }
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
console.log(failures === 0 ? "consumer check passed" : `consumer check FAILED: ${failures}`);
if (failures > 0) process.exitCode = 1;
