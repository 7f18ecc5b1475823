// How a server starts, and what it refuses to start on.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { disableClient, parseClientId } from "@hallpass/core";
import type { Config } from "../config.ts";
import { replaceOperatorSecret } from "../host/replace-operator-secret.ts";
import { startServer } from "../main.ts";
import { basicHeader, configOf, ISSUER } from "../testing/scene.ts";

const quiet = { logTo: { write: () => {} } };

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "hallpass-start-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

async function tokenWith(url: string, credentials: string): Promise<number> {
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  return (await fetch(`${url}/oauth2/token`, { method: "POST", headers: basicHeader(credentials), body })).status;
}

test("a first start makes what it needs in files that nobody else may read", async (t) => {
  const data = directory(t);
  const server = await startServer(configOf({ data, issuer: ISSUER }), quiet);
  for (const file of ["operator-credentials", "demo-api-credentials", "key-encryption-key", "hallpass.sqlite"])
    assert.equal(statSync(join(data, file)).mode & 0o777, 0o600, file);
  assert.equal(readFileSync(join(data, "address"), "utf8"), `${server.url}\n`);
  assert.equal(readFileSync(join(data, "operator-credentials"), "utf8").trim(), server.operatorCredentials);
  assert.equal(await tokenWith(server.url, server.operatorCredentials ?? ""), 200);
  assert.equal(await tokenWith(server.url, readFileSync(join(data, "demo-api-credentials"), "utf8").trim()), 200);
  await server.close();
});

test("where the server listens, which is where the operator's secret is sent, nobody else can write [NB-44]", async (t) => {
  const data = directory(t);
  writeFileSync(join(data, "address"), "http://localhost:1");
  chmodSync(join(data, "address"), 0o666);
  const server = await startServer(configOf({ data, issuer: ISSUER, store: "memory" }), quiet);
  assert.equal(statSync(join(data, "address")).mode & 0o777, 0o644);
  assert.equal(readFileSync(join(data, "address"), "utf8"), `${server.url}\n`);
  await server.close();
});

test("without the development flag there is no demo client", async (t) => {
  const data = directory(t);
  const config: Config = { ...configOf({ data, issuer: ISSUER }), development: false };
  const server = await startServer(config, quiet);
  const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: "x" });
  assert.equal((await fetch(`${server.url}/oauth2/token`, { method: "POST", body })).status, 400);
  await server.close();
  assert.throws(() => statSync(join(data, "demo-api-credentials")));
});

test("a secret that was preset by its hash is shown nowhere and works", async (t) => {
  const data = directory(t);
  const { formatClientSecret } = await import("@hallpass/protocol");
  const secret = formatClientSecret(new Uint8Array(32).fill(7));
  const hash = createHash("sha256").update(secret).digest("hex");
  const server = await startServer(configOf({ data, issuer: ISSUER, operator_secret_sha256: hash }), quiet);
  assert.equal(server.operatorCredentials, null);
  assert.throws(() => statSync(join(data, "operator-credentials")));
  assert.equal(await tokenWith(server.url, `operator:${secret}`), 200);
  await server.close();
});

test("keys without their key-encryption key stop the start, and putting it back continues", async (t) => {
  const data = directory(t);
  const config = configOf({ data, issuer: ISSUER });
  await (await startServer(config, quiet)).close();
  const file = join(data, "key-encryption-key");
  renameSync(file, `${file}.away`);
  await assert.rejects(startServer(config, quiet), /is missing: put it back/);
  await assert.rejects(
    startServer({ ...config, kek: new Uint8Array(32) }, quiet),
    /can't be read .*sealed under the key-encryption key/,
  );
  renameSync(`${file}.away`, file);
  await (await startServer(config, quiet)).close();
});

test("another issuer's store stops the start", async (t) => {
  const data = directory(t);
  await (await startServer(configOf({ data, issuer: ISSUER }), quiet)).close();
  await assert.rejects(startServer(configOf({ data, issuer: "http://localhost:9" }), quiet), /belongs to the issuer/);
});

test("a port that is taken stops the start, and the store is let go", async (t) => {
  const data = directory(t);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.after(() => other.close());
  const address = other.address();
  assert.ok(typeof address === "object" && address !== null);
  const taken = configOf({ data, issuer: ISSUER, listen: `127.0.0.1:${address.port}` });
  await assert.rejects(startServer(taken, quiet), { code: "EADDRINUSE" });
  await (await startServer(configOf({ data, issuer: ISSUER }), quiet)).close();
});

test("the memory store starts twice with the same credentials", async (t) => {
  const data = directory(t);
  const config = configOf({ data, issuer: ISSUER, store: "memory" });
  const first = await startServer(config, quiet);
  await first.close();
  const second = await startServer(config, quiet);
  assert.equal(second.operatorCredentials, first.operatorCredentials);
  assert.equal(await tokenWith(second.url, second.operatorCredentials ?? ""), 200);
  await second.close();
});

test("a metrics listener serves the page and nothing else, without a token", async (t) => {
  const data = directory(t);
  const config = configOf({ data, issuer: ISSUER, metrics_listen: "127.0.0.1:18026" });
  const server = await startServer(config, quiet);
  t.after(() => server.close());
  const page = await fetch("http://127.0.0.1:18026/metrics");
  assert.match(await page.text(), /^# HELP hallpass_http_request_seconds/m);
  assert.equal((await fetch("http://127.0.0.1:18026/v1/keys")).status, 404);
});

test("a lost secret of the operator is replaced in the store, no earlier one works, and a disabled operator is active again", async (t) => {
  const data = directory(t);
  const config = configOf({ data, issuer: ISSUER });
  await assert.rejects(replaceOperatorSecret(config, "default", quiet), { code: "no_store" });
  const first = await startServer(config, quiet);
  const lost = first.operatorCredentials ?? "";
  await assert.rejects(replaceOperatorSecret(config, "default", quiet));
  const { services } = first;
  const operator = parseClientId("operator") ?? assert.fail();
  const disabled = await disableClient(services, operator, null);
  assert.ok(disabled.ok);
  await first.close();
  await assert.rejects(replaceOperatorSecret(config, "shop", quiet), { code: "no_store" });
  const secret = (await replaceOperatorSecret(config, "default", quiet)).reveal();
  const second = await startServer(config, quiet);
  assert.equal(await tokenWith(second.url, lost), 401);
  assert.equal(await tokenWith(second.url, `operator:${secret}`), 200);
  await second.close();
});
