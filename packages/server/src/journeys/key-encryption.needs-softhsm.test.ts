// A key-encryption key under an AES key that never leaves a PKCS #11 token: SoftHSM's, through the same tool and the same interface as an HSM's.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startServer } from "../main.ts";
import { configOf, ISSUER } from "../testing/scene.ts";

const MODULE = "/usr/lib/softhsm/libsofthsm2.so";
const quiet = { logTo: { write: () => {} } };
const PIN = "495827";

function aToken(t: TestContext): { readonly data: string; readonly uri: (id: string, pin?: string) => string } {
  const data = mkdtempSync(join(tmpdir(), "hallpass-hsm-"));
  const before = process.env["SOFTHSM2_CONF"];
  t.after(() => {
    if (before === undefined) delete process.env["SOFTHSM2_CONF"];
    else process.env["SOFTHSM2_CONF"] = before;
    rmSync(data, { recursive: true });
  });
  mkdirSync(join(data, "tokens"));
  writeFileSync(
    join(data, "softhsm2.conf"),
    `directories.tokendir = ${join(data, "tokens")}\nobjectstore.backend = file\n`,
  );
  process.env["SOFTHSM2_CONF"] = join(data, "softhsm2.conf");
  run("softhsm2-util", "--init-token", "--free", "--label", "hallpass", "--so-pin", "38171", "--pin", PIN);
  for (const id of ["01", "02"]) {
    const key = ["--keygen", "--key-type", "AES:32", "--label", "kek", "--id", id, "--sensitive"];
    run("pkcs11-tool", "--module", MODULE, "--token-label", "hallpass", "--login", "--pin", PIN, ...key);
  }
  return {
    data,
    uri: (id, pin = PIN) => {
      const file = join(data, `pin-${pin}`);
      writeFileSync(file, `${pin}\n`, { mode: 0o600 });
      return `pkcs11:token=hallpass;id=%${id}?module-path=${MODULE}&pin-source=file:${file}`;
    },
  };
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: "ignore" });
}

test("an AES key in a token wraps the key-encryption key; its bytes are in no file [KEY-15]", async (t) => {
  const { data, uri } = aToken(t);
  const config = configOf({ data, issuer: ISSUER, kek_pkcs11: uri("01") });
  const first = await startServer(config, quiet);
  const { id } = first.services.kek;
  await first.close();
  const second = await startServer(config, quiet);
  assert.equal(second.services.kek.id, id);
  await second.close();
  assert.throws(() => readFileSync(join(data, "key-encryption-key")));
});

test("a wrong PIN, another key and a token that is not there stop the start, each by the token's own word [KEY-15]", async (t) => {
  const { data, uri } = aToken(t);
  await (await startServer(configOf({ data, issuer: ISSUER, kek_pkcs11: uri("01") }), quiet)).close();
  const start = async (kek: string): Promise<void> => {
    const server = await startServer(configOf({ data, issuer: ISSUER, kek_pkcs11: kek }), quiet);
    await server.close();
  };
  await assert.rejects(start(uri("01", "000000")), /CKR_PIN_INCORRECT/);
  await assert.rejects(start(uri("02")), /unwraps another key|CKR_/);
  await assert.rejects(start(uri("03")), /key not found/i);
  await assert.rejects(start(uri("01").replace("token=hallpass", "token=elsewhere")), /the token elsewhere: /);
  await start(uri("01"));
});
