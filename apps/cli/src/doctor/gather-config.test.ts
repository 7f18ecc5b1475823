// What the doctor takes for the server's configuration, and which variables hold a secret.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { contextOf } from "../context.ts";
import { gatherConfig, ofServer } from "./gather-config.ts";
import { saw, unseen } from "./look.ts";

const ISSUER = "https://auth.example";
const KEK = "kek-kek-kek-kek-kek-kek-kek-kek-kek-kek-kkA";

function gathered(env: Readonly<Record<string, string>>, set: readonly string[] = []): ReturnType<typeof gatherConfig> {
  const silent = { out: () => {}, say: () => {}, readInput: async () => "", now: () => 0 };
  const context = contextOf({ ...silent, env }, {}, () => {});
  return gatherConfig(context, { set });
}

test("a data directory, an address and credentials are no configuration", () => {
  const facts = gathered({ HALLPASS_DATA: "data", HALLPASS_URL: ISSUER, HALLPASS_CREDENTIALS_FILE: "file" });
  assert.deepEqual([facts.problems.seen, facts.config.seen, facts.secretVariables.seen], [false, false, false]);
});

test("an environment that configures a server is judged, and its secrets are named, not shown", () => {
  const facts = gathered({
    HALLPASS_ISSUER: ISSUER,
    HALLPASS_KEK: KEK,
    HALLPASS_STORE: "postgres://u:p4ss@db/hallpass",
  });
  assert.ok(facts.secretVariables.seen);
  assert.deepEqual(facts.secretVariables.value.toSorted(), ["HALLPASS_KEK", "HALLPASS_STORE"]);
  assert.doesNotMatch(JSON.stringify(facts.secretVariables), /kek-|p4ss/);
});

test("the address of a database without a password is no secret, and neither is a file's name", () => {
  const facts = gathered({
    HALLPASS_ISSUER: ISSUER,
    HALLPASS_KEK_FILE: "/kek",
    HALLPASS_STORE: "postgres://u@db/hallpass",
  });
  assert.deepEqual(facts.secretVariables, saw([]));
});

test("what a command line says tells nothing of the server's environment", () => {
  const facts = gathered({}, [`issuer=${ISSUER}`]);
  assert.ok(facts.config.seen);
  assert.equal(facts.secretVariables.seen, false);
});

test("a key that can't stand is a problem, and the rest can't be judged", () => {
  const facts = gathered({ HALLPASS_ISSUER: "auth.example" });
  assert.ok(facts.problems.seen);
  assert.equal(facts.problems.value.length, 1);
  assert.equal(facts.config.seen, false);
});

test("the configuration of another issuer says nothing of the server that answers", () => {
  const facts = gathered({ HALLPASS_ISSUER: ISSUER });
  const other = ofServer(facts, saw("https://other.example"));
  assert.ok(other.problems.seen);
  assert.equal(other.problems.value.length, 1);
  assert.deepEqual([other.config.seen, other.secretVariables.seen], [false, false]);
  assert.equal(ofServer(facts, saw(ISSUER)), facts);
  assert.equal(ofServer(facts, unseen("nobody answers")), facts);
});

test("the issuer of a further tenant is one of the configuration's", () => {
  const tenants = JSON.stringify({ shop: { issuer: "https://shop.example" } });
  const facts = gathered({ HALLPASS_ISSUER: ISSUER, HALLPASS_TENANTS: tenants });
  assert.ok(facts.config.seen);
  assert.equal(ofServer(facts, saw("https://shop.example")), facts);
});

test("a file with a key that everybody may read is named, whether the configuration or the server has named it [NB-63]", (t) => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-doctor-"));
  t.after(() => rmSync(data, { recursive: true }));
  const [own, kek, credentials] = ["key-encryption-key", "kek", "operator-credentials"].map((one) =>
    join(data, one),
  ) as [string, string, string];
  for (const file of [own, kek, credentials]) writeFileSync(file, KEK, { mode: 0o600 });
  const open = (): unknown =>
    gathered({ HALLPASS_ISSUER: ISSUER, HALLPASS_DATA: data, HALLPASS_KEK_FILE: kek }).openFiles;
  assert.deepEqual(open(), saw([]));
  chmodSync(kek, 0o640);
  assert.deepEqual(open(), saw([]));
  chmodSync(kek, 0o644);
  chmodSync(own, 0o602);
  assert.deepEqual(open(), saw([kek, own]));
});

test("files of further tenants and of the configuration are looked at as well, and one that can't be looked at stops nothing [NB-63]", (t) => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-doctor-"));
  t.after(() => rmSync(data, { recursive: true }));
  const tenants = JSON.stringify({ shop: { issuer: "https://shop.example" } });
  const [folder, file, circle] = [join(data, "tenants/shop"), join(data, "config.json"), join(data, "circle")];
  mkdirSync(folder, { recursive: true });
  const [own, credentials] = ["key-encryption-key", "operator-credentials"].map((one) => join(folder, one)) as [
    string,
    string,
  ];
  for (const one of [own, credentials]) writeFileSync(one, KEK, { mode: 0o600 });
  chmodSync(credentials, 0o644);
  symlinkSync(circle, circle);
  const open = (settings: object, env: object): unknown => {
    writeFileSync(file, JSON.stringify({ issuer: ISSUER, data, ...settings }));
    chmodSync(file, 0o644);
    return gathered({ HALLPASS_CONFIG_FILE: file, HALLPASS_TENANTS: tenants, ...env }).openFiles;
  };
  assert.deepEqual(open({}, { HALLPASS_KEK_FILE: circle }), saw([credentials]));
  assert.deepEqual(open({ kek: KEK, store: "postgres://u:p4ss@db/hallpass" }, {}), saw([credentials, file]));
});
