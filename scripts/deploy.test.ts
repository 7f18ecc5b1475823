// What is deployed is judged offline: the files are well formed, name only settings that there are, and keep what they promise.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { envName, NAMES } from "@hallpass/server";
import { parseAllDocuments } from "yaml";

const folder = join(import.meta.dirname, "../ops/deploy");
const files = globSync(["**/*"], { cwd: folder, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));

function read(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

function documents(text: string): readonly Record<string, unknown>[] {
  return parseAllDocuments(text, { strict: true, uniqueKeys: true, merge: true }).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS() as Record<string, unknown>;
  });
}

test("every setting that a deployment names is one of the configuration's keys", () => {
  const known = new Set(NAMES.map(envName));
  const named = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/HALLPASS_[A-Z0-9_]+/g)].map(([name]) => name),
  );
  assert.ok(named.length > 10);
  assert.deepEqual(
    named.filter((name) => !known.has(name)),
    [],
  );
});

test("every YAML file is well formed, with no key twice", () => {
  const yaml = files.filter((file) => file.endsWith(".yaml"));
  assert.ok(yaml.length >= 7);
  for (const file of yaml) assert.ok(documents(readFileSync(file, "utf8")).length > 0, file);
});

test("the image runs as nobody's user, from a stage that holds no tool of the build", () => {
  const stages = read("Containerfile")
    .split(/^FROM /m)
    .slice(1);
  assert.equal(stages.length, 2);
  const last = stages[1] ?? "";
  assert.match(last, /^USER 10001:10001$/m);
  assert.doesNotMatch(last, /npm (?:ci|install|run)/);
  assert.ok(last.indexOf("USER ") < last.indexOf("ENTRYPOINT "));
});

test("containers have a read-only root, no capability, and more time to stop than the server takes", () => {
  for (const name of ["compose.one-node.yaml", "compose.two-nodes.yaml"]) {
    const [compose] = documents(read(name));
    const services = Object.entries(compose?.["services"] as Record<string, Record<string, unknown>>);
    const nodes = services.filter(([, service]) => service["build"] !== undefined);
    assert.ok(nodes.length > 0, name);
    for (const [, service] of nodes) {
      assert.equal(service["read_only"], true, name);
      assert.deepEqual(service["cap_drop"], ["ALL"], name);
      assert.ok(Number.parseInt(String(service["stop_grace_period"]), 10) > 10, name);
    }
  }
  const [deployment] = documents(read("kubernetes/deployment.yaml"));
  const text = JSON.stringify(deployment);
  for (const part of [
    '"readOnlyRootFilesystem":true',
    '"runAsNonRoot":true',
    '"drop":["ALL"]',
    '"path":"/readyz"',
    '"path":"/healthz"',
  ])
    assert.ok(text.includes(part), part);
  const grace = /"terminationGracePeriodSeconds":(\d+)/.exec(text)?.[1];
  assert.ok(Number(grace) > 5 + 10);
  assert.match(read("hallpass.service"), /^TimeoutStopSec=20s$/m);
});

test("where a node keeps no files, the operator's secret is preset by its hash, or the first start would lose it", () => {
  const [compose] = documents(read("compose.two-nodes.yaml"));
  const services = Object.values(compose?.["services"] as Record<string, Record<string, unknown>>);
  const nodes = services.filter((service) => service["tmpfs"] !== undefined);
  assert.equal(nodes.length, 3);
  for (const { environment } of nodes)
    assert.match(
      (environment as Record<string, string>)["HALLPASS_OPERATOR_SECRET_SHA256"] ?? "",
      /^\$\{OPERATOR_SECRET_SHA256:\?/,
    );
  const deployment = JSON.stringify(documents(read("kubernetes/deployment.yaml")));
  assert.ok(deployment.includes('"name":"data","emptyDir":{}'));
  const preset = { secretKeyRef: { name: "hallpass", key: "operator-secret-sha256" } };
  assert.ok(deployment.includes(JSON.stringify({ name: "HALLPASS_OPERATOR_SECRET_SHA256", valueFrom: preset })));
  assert.match(read("kubernetes/kustomization.yaml"), /--from-literal=operator-secret-sha256=/);
});
