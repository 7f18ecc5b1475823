import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ownAddress, writeAddress } from "./own-address.ts";

const ISSUER = "https://auth.example";
const at = (host: string, hasTls: boolean, issuer = ISSUER): string =>
  ownAddress({ issuer, listen: { host, port: 0 } }, 8026, hasTls);

test("a command on the same machine reaches its server over loopback where that is in the clear, and by the certificate's name elsewhere", () => {
  assert.equal(at("127.0.0.1", false), "http://127.0.0.1:8026");
  assert.equal(at("localhost", false), "http://localhost:8026");
  assert.equal(at("0.0.0.0", false), "http://127.0.0.1:8026");
  assert.equal(at("::", false), "http://[::1]:8026");
  assert.equal(at("10.0.3.10", false), ISSUER);
  assert.equal(at("0.0.0.0", true), ISSUER);
  assert.equal(at("127.0.0.1", true), ISSUER);
  assert.equal(at("127.0.0.1", true, "http://localhost:8026"), "https://127.0.0.1:8026");
});

test("the address takes the place of whatever was there, and whoever writes it at once with others fails no start [NB-44]", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [file, other] = [join(folder, "address"), join(folder, "other")];
  writeFileSync(other, "kept");
  symlinkSync(other, file);
  writeAddress(file, ISSUER);
  assert.deepEqual([readFileSync(file, "utf8"), readFileSync(other, "utf8")], [`${ISSUER}\n`, "kept"]);
  const program = `import { writeAddress } from ${JSON.stringify(`${import.meta.dirname}/own-address.ts`)};
    process.stdout.write("ready");
    process.stdin.once("data", () => {
      for (let round = 0; round < 100; round += 1) writeAddress(${JSON.stringify(file)}, ${JSON.stringify(ISSUER)});
      process.exit();
    });`;
  const words = ["--conditions=hallpass-source", "--input-type=module", "-e", program];
  const starting = [1, 2].map(() => spawn(process.execPath, words, { stdio: ["pipe", "pipe", "ignore"] }));
  await Promise.all(starting.map(({ stdout }) => once(stdout, "data")));
  for (const { stdin } of starting) stdin.write("go");
  const ended = await Promise.all(starting.map((child) => once(child, "exit")));
  assert.deepEqual(ended, [
    [0, null],
    [0, null],
  ]);
  assert.deepEqual([readdirSync(folder), readFileSync(file, "utf8")], [["address", "other"], `${ISSUER}\n`]);
  assert.equal(statSync(file).mode & 0o777, 0o644);
});
