// DEPENDENCIES.md is a copy of what the manifests say, with reasons. This compares the two, both ways.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifests = globSync(["package.json", "packages/*/package.json", "apps/*/package.json"], { cwd: root }).map(
  (path): Manifest => JSON.parse(readFileSync(join(root, path), "utf8")),
);
const wanted = manifests
  .flatMap((manifest) => [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies])
  .flatMap((list) => Object.entries(list ?? {}))
  .filter(([name]) => !name.startsWith("@hallpass/"))
  .map(([name, range]) => `${name} ${range.replace(/^npm:.*@/, "")}`);

test("every dependency has a line in DEPENDENCIES.md, and every line a dependency", () => {
  const page = readFileSync(join(root, "DEPENDENCIES.md"), "utf8");
  const rows = [...page.matchAll(/^\| (@?[a-z][\w./-]*) \| (\d[\w.-]*) \|/gm)].map(
    ([, name, version]) => `${name} ${version}`,
  );
  assert.ok(rows.length > 10, "the page has rows");
  assert.deepEqual([...new Set(rows)].toSorted(), [...new Set(wanted)].toSorted());
});

test("versions are exact [P-01]", () => {
  assert.deepEqual(
    wanted.filter((line) => !/ \d+\.\d+\.\d+(?:-[\w.]+)?$/.test(line)),
    [],
  );
});

const lock = (
  JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<
      Record<string, { readonly integrity?: string; readonly link?: true; readonly hasInstallScript?: true }>
    >;
  }
).packages;
const locked = Object.entries(lock).filter(([path, { link }]) => path.includes("node_modules/") && link !== true);

test("every package is locked by the hash of its content [P-01]", () => {
  assert.ok(locked.length > 50);
  assert.deepEqual(
    locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? "")).map(([path]) => path),
    [],
  );
});

test("no package runs a script when it is installed [P-02]", () => {
  assert.deepEqual(
    locked.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path),
    [],
  );
});

test("what judges a token depends on nothing but the words of the wire [P-05]", () => {
  const dependenciesOf = (name: string): readonly string[] =>
    Object.keys(
      (JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest).dependencies ?? {},
    );
  assert.deepEqual(dependenciesOf("protocol"), []);
  assert.deepEqual(dependenciesOf("core"), ["@hallpass/protocol"]);
  assert.deepEqual(dependenciesOf("verifier"), ["@hallpass/protocol"]);
});

/** Clock and dice are handed in; what parses what others signed is strict; nothing is evaluated; no pattern is made of what somebody sent. */
const UNSAFE: readonly [what: string, pattern: RegExp, but: readonly string[]][] = [
  ["Math.random", /\bMath\.random\b/, []],
  ["eval", /\beval\(|new Function\(/, []],
  ["a child process", /node:child_process/, []],
  ["a secret that is compared by ===", /(?:secret|mac|hash|tag|signature)\w*\.(?:reveal\(\)|equals)? ?===/i, []],
];

test("nothing unsafe stands in what judges tokens and secrets [P-08]", () => {
  const sources = globSync(["packages/{protocol,core,verifier}/src/**/*.ts"], { cwd: root }).filter(
    (path) => !path.includes(".test.") && !path.includes("/testing/"),
  );
  assert.ok(sources.length > 100);
  const found = sources.flatMap((path) => {
    const source = readFileSync(join(root, path), "utf8").replaceAll(/^\s*(?:\/\/|\*).*$/gm, "");
    return UNSAFE.filter(([, pattern, but]) => pattern.test(source) && !but.includes(path)).map(
      ([what]) => `${path}: ${what}`,
    );
  });
  assert.deepEqual(found, []);
});
