// PostgreSQL's tools and a server that proves who it is, with and without what its certificate is judged by.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { RowKey } from "@hallpass/core";
import pg from "pg";
import { dumpPostgres } from "./dump.ts";
import { migratePostgres } from "./schema.ts";
import { ground, startPostgres } from "./testing/postgres-server.ts";
import { toolEnvironment } from "./tool-environment.ts";

const on = ground();
const server = await startPostgres();
after(async () => {
  await server.stop();
  rmSync(on.directory, { recursive: true });
});
const [certificate, key] = [join(on.directory, "server.crt"), join(on.directory, "server.key")];

/** As what a tool ends that only connects. */
function connects(parameters: string): { readonly status: number | null; readonly said: string } {
  const { env, dispose } = toolEnvironment(`${server.url}?${parameters}`);
  const { status, stderr } = spawnSync("psql", ["--no-psqlrc", "--command=SELECT 1"], { env, encoding: "utf8" });
  dispose();
  assert.equal(existsSync(env["PGSSLROOTCERT"] ?? ""), parameters.includes("sslrootcert"));
  return { status, said: stderr };
}

async function encrypt(): Promise<void> {
  const made = ["-newkey", "rsa:2048", "-noenc", "-days", "2", "-keyout", key, "-out", certificate];
  const named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", ...made, ...named], { ...on.who, stdio: "ignore" });
  const client = new pg.Client(server.url);
  await client.connect();
  for (const setting of [`ssl_cert_file = '${certificate}'`, `ssl_key_file = '${key}'`, "ssl = on"])
    await client.query(`ALTER SYSTEM SET ${setting}`);
  await client.query("SELECT pg_reload_conf()");
  await client.end();
}

test("PostgreSQL's tools send a password to no server that the driver would not send it to [NB-59]", async () => {
  const MODES = ["ssl=true", "sslmode=require", "sslmode=verify-full"];
  for (const mode of MODES) assert.match(connects(mode).said, /does not support SSL/, mode);
  assert.equal(connects("").status, 0);
  await encrypt();
  for (const mode of MODES) {
    assert.match(connects(mode).said, /certificate verify failed/, mode);
    assert.deepEqual(connects(`${mode}&sslrootcert=${certificate}`), { status: 0, said: "" }, mode);
  }
  // Who says that nothing is to be verified, or has the tools' own words meant, gets that.
  for (const mode of ["sslmode=no-verify", "uselibpqcompat=true&sslmode=require", "sslmode=disable"])
    assert.deepEqual(connects(mode), { status: 0, said: "" }, mode);
});

test("a database whose certificate is judged by authorities of one's own is backed up", async () => {
  const place = { url: `${server.url}?sslmode=verify-full&sslrootcert=${certificate}`, schema: "backed_up" };
  const dice = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
  await migratePostgres({ ...place, dice });
  const none = { tenant: "default", kind: "ring", id: "none" } as unknown as RowKey;
  const { head } = await dumpPostgres(place, join(on.directory, "whole.dump"), none);
  assert.deepEqual(head, { epoch: 1, seq: 0 });
});
