import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

test("kustomize builds the manifests, and everything that runs has the labels that the service looks for", () => {
  const folder = join(import.meta.dirname, "../ops/deploy/kubernetes");
  const { status, stdout, stderr } = spawnSync("kubectl", ["kustomize", folder], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const kinds = new Set([...stdout.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind));
  assert.deepEqual(kinds, new Set(["ConfigMap", "Service", "Deployment", "Job", "PodDisruptionBudget"]));
  assert.ok((stdout.match(/app\.kubernetes\.io\/name: hallpass/g) ?? []).length >= 8);
  for (const kind of ["Service", "PodDisruptionBudget"]) {
    const text = stdout.split(/^---$/m).find((one) => one.includes(`\nkind: ${kind}\n`)) ?? assert.fail(kind);
    assert.match(text, /^ {2}selector:\n(?: {4}matchLabels:\n)? +app\.kubernetes\.io\/component: server$/m, kind);
  }
  assert.match(stdout, /image: hallpass:0\.1\.0/);
});
