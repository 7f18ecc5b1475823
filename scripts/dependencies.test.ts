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

test("versions are exact", () => {
  assert.deepEqual(
    wanted.filter((line) => !/ \d+\.\d+\.\d+(?:-[\w.]+)?$/.test(line)),
    [],
  );
});
