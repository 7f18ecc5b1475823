// Where the key-encryption key comes from and how another takes its place: whole servers on SQLite, started again and again.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Name } from "../config-schema.ts";
import { startServer } from "../main.ts";
import { basicHeader, configOf, ISSUER } from "../testing/scene.ts";
import { type TransitServer, transitServer } from "../testing/transit-server.ts";

const quiet = { logTo: { write: () => {} } };

interface Started {
  /** Starts, looks at the keys, stops. */
  (
    over?: Partial<Record<Name, string>>,
  ): Promise<{ readonly current: string; readonly sealed_under: readonly string[] }>;
}

function place(t: TestContext): {
  readonly data: string;
  readonly start: Started;
  readonly file: (name: string, text: string) => string;
} {
  const data = mkdtempSync(join(tmpdir(), "hallpass-kek-"));
  t.after(() => rmSync(data, { recursive: true }));
  return {
    data,
    start: async (over = {}) => {
      const server = await startServer(configOf({ data, issuer: ISSUER, ...over }), quiet);
      try {
        const credentials = readFileSync(join(data, "operator-credentials"), "utf8").trim();
        const body = new URLSearchParams({ grant_type: "client_credentials" });
        const granted = await fetch(`${server.url}/oauth2/token`, {
          method: "POST",
          headers: basicHeader(credentials),
          body,
        });
        const { access_token: token } = (await granted.json()) as { readonly access_token: string };
        const listed = await fetch(`${server.url}/v1/keys`, { headers: { authorization: `Bearer ${token}` } });
        return ((await listed.json()) as { readonly key_encryption: Awaited<ReturnType<Started>> }).key_encryption;
      } finally {
        await server.close();
      }
    },
    file: (name, text) => {
      writeFileSync(join(data, name), text, { mode: 0o600 });
      return join(data, name);
    },
  };
}

async function aVault(t: TestContext): Promise<TransitServer> {
  const vault = await transitServer();
  t.after(() => vault.close());
  return vault;
}

const newKek = (): string => randomBytes(32).toString("base64url");

test("another key-encryption key takes the place of the one before at a start, which is then needed no more [KEY-9]", async (t) => {
  const { start, file } = place(t);
  const [old, young] = [file("old", newKek()), file("young", newKek())];
  const before = await start({ kek_file: old });
  assert.deepEqual(before.sealed_under, [before.current]);
  await assert.rejects(
    start({ kek_file: young }),
    new RegExp(`can't be read.*${before.current}.*put the key-encryption key back`),
  );
  const now = await start({ kek_file: young, kek_previous_file: old });
  assert.notEqual(now.current, before.current);
  assert.deepEqual(now.sealed_under, [now.current]);
  assert.deepEqual(await start({ kek_file: young }), now);
  await assert.rejects(start({ kek_file: old }), /can't be read/);
});

test("a key of Vault's transit engine wraps the key-encryption key, and is asked at starts only [KEY-14]", async (t) => {
  const { start, file, data } = place(t);
  const vault = await aVault(t);
  const over = { kek_vault: vault.key, kek_vault_token_file: file("vault-token", `${vault.token}\n`) };
  const first = await start(over);
  assert.deepEqual(vault.calls, ["encrypt", "decrypt"]);
  assert.deepEqual(await start(over), first);
  assert.deepEqual(vault.calls.slice(2), ["decrypt", "rewrap"]);
  assert.throws(() => readFileSync(join(data, "key-encryption-key")));
});

test("a Vault that is sealed, refuses the token or answers nonsense stops the start, and says which [KEY-14]", {
  timeout: 30_000,
}, async (t) => {
  const { start, file } = place(t);
  const vault = await aVault(t);
  const over = { kek_vault: vault.key, kek_vault_token_file: file("vault-token", vault.token) };
  const first = await start(over);
  const other = place(t);
  await other.start(over);
  vault.fail({ status: 403, errors: ["permission denied"] });
  await assert.rejects(start(over), /answered with 403 \(permission denied\): the token has expired/);
  vault.fail({ status: 400, errors: ["invalid ciphertext"] });
  await assert.rejects(start(over), /answered with 400 \(invalid ciphertext\)/);
  vault.fail({ status: 200, errors: [] });
  await assert.rejects(start(over), /something else than Vault/);
  vault.fail({ status: 503, errors: ["Vault is sealed"] });
  const nowhere = { ...over, kek_vault: "http://127.0.0.1:9/v1/transit/keys/hallpass" };
  await Promise.all([
    assert.rejects(start(over), /Vault is sealed/),
    assert.rejects(other.start(nowhere), /can't be reached/),
  ]);
  vault.fail(null);
  await assert.rejects(start({ ...over, kek_vault_token_file: file("stranger", "hvs.other") }), /403/);
  assert.deepEqual(await start(over), first);
});

test("a newer version of Vault's key wraps it again at the next start, if the token may [KEY-14]", async (t) => {
  const { start, file } = place(t);
  const vault = await aVault(t);
  const over = { kek_vault: vault.key, kek_vault_token_file: file("vault-token", vault.token) };
  const first = await start(over);
  vault.rotate();
  vault.allow(["encrypt", "decrypt"]);
  assert.deepEqual(await start(over), first);
  vault.allow(["encrypt", "decrypt", "rewrap"]);
  assert.deepEqual(await start(over), first);
  assert.deepEqual(await start(over), first);
});

test("keys move from a file to Vault and back, sealed again each time [KEY-9] [KEY-14]", async (t) => {
  const { start, file } = place(t);
  const vault = await aVault(t);
  const wrapped = { kek_vault: vault.key, kek_vault_token_file: file("vault-token", vault.token) };
  const own = file("own", newKek());
  const inFile = await start({ kek_file: own });
  const inVault = await start({ ...wrapped, kek_previous_file: own });
  assert.notEqual(inVault.current, inFile.current);
  assert.deepEqual(inVault.sealed_under, [inVault.current]);
  assert.deepEqual(await start(wrapped), inVault);
  assert.deepEqual(await start({ ...wrapped, kek_file: own }), inFile);
  assert.deepEqual(await start({ kek_file: own }), inFile);
});

test("another wrapper than the one that has wrapped it stops the start [KEY-14]", async (t) => {
  const { start, file } = place(t);
  const [vault, other] = [await aVault(t), await aVault(t)];
  const token = file("vault-token", vault.token);
  await start({ kek_vault: vault.key, kek_vault_token_file: token });
  const strange = { kek_vault: other.key, kek_vault_token_file: file("other-token", other.token) };
  await assert.rejects(start(strange), /answered with 400/);
  const uri = `pkcs11:token=t;id=%01?module-path=/m.so&pin-source=file:${token}`;
  await assert.rejects(start({ kek_pkcs11: uri }), /was wrapped by vault, not by pkcs11/);
});
