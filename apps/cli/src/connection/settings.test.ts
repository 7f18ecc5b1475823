import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_URL, serverUrl } from "./settings.ts";

test("a folder in which somebody stands has no say in where a secret from elsewhere is sent [NB-51]", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-folder-"));
  const before = process.cwd();
  t.after(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data/address"), "https://elsewhere.example\n");
  process.chdir(folder);
  const HALLPASS_CREDENTIALS_FILE = "/etc/hallpass/operator";
  assert.equal(serverUrl({}, { HALLPASS_CREDENTIALS_FILE }), DEFAULT_URL);
  // The credentials beside it are as much the folder's own; and a folder that was named is meant.
  assert.equal(serverUrl({}, {}), "https://elsewhere.example");
  assert.equal(serverUrl({ data: "data" }, { HALLPASS_CREDENTIALS_FILE }), "https://elsewhere.example");
  assert.equal(serverUrl({}, { HALLPASS_CREDENTIALS_FILE, HALLPASS_DATA: "data" }), "https://elsewhere.example");
  assert.equal(
    serverUrl({}, { HALLPASS_CREDENTIALS_FILE, HALLPASS_URL: "https://own.example" }),
    "https://own.example",
  );
});
