import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startPostgres } from "@hallpass/store-postgres/testing";
import pg from "pg";
import { startServer } from "../main.ts";
import { type Journey, journey } from "../testing/journey.ts";
import { basicHeader, configOf, ISSUER } from "../testing/scene.ts";
import { backUp } from "./backup.ts";
import { BackupProblem } from "./problem.ts";
import { restore } from "./restore.ts";

const directory = mkdtempSync(join(tmpdir(), "hallpass-backup-"));
const kek = Buffer.alloc(32, 7).toString("base64url");
const [first, second] = await Promise.all([startPostgres(), startPostgres()]);

after(async () => {
  await Promise.all([first.stop(), second.stop()]);
  rmSync(directory, { recursive: true });
});

test("a dump of a serving database is restored into another one, whole or not at all, with what was revoked since [BAK-1] [BAK-2] [BAK-9] [JRN-6]", async () => {
  const [journal, backup, data] = ["journal", "backup", "data"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const tenants = JSON.stringify({ shop: { issuer: "http://localhost:9026" } });
  const settings = { issuer: ISSUER, kek, tenants };
  const one = await journey({}, { ...settings, store: first.url, revocation_journal: journal });
  const [revoked, kept] = [await one.signIn(), await one.signIn("u-2")];
  await Promise.all([backUp(configOf({ ...settings, data, store: first.url }), backup), one.signIn("u-3")]);
  for (const name of ["default.dump", "shop.dump"]) assert.equal(statSync(join(backup, name)).mode & 0o777, 0o600);
  await one.operate({ path: "/v1/revocations", json: { targets: [{ type: "session", sid: revoked.sid }] } });
  await one.server.close();

  const config = configOf({ ...settings, data, store: second.url });
  mkdirSync(data);
  const request = { backup, journals: [journal], endAllSessions: false };
  const broken = join(directory, "broken");
  cpSync(backup, broken, { recursive: true });
  writeFileSync(join(broken, "shop.dump"), "no dump");
  await assert.rejects(restore(config, { ...request, backup: broken }), isProblem("backup_broken"));
  await assert.rejects(restore(config, { ...request, journals: [] }), isProblem("no_journal"));
  const done = await restore(config, request);
  assert.deepEqual(
    done.map(({ tenant, from }) => [tenant, from]),
    [
      ["default", { epoch: 1, seq: 0 }],
      ["shop", { epoch: 1, seq: 0 }],
    ],
  );
  await assert.rejects(restore(config, request), isProblem("store_not_empty"));

  const server = await startServer(config, { logTo: { write: () => {} } });
  const refresh = async (token: string): Promise<number> => {
    const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: token });
    return (await fetch(new URL("/oauth2/token", server.url), { method: "POST", body })).status;
  };
  assert.deepEqual([await refresh(revoked.refresh), await refresh(kept.refresh)], [400, 200]);
  await server.close();
  await one.end();
});

test("what two nodes revoked after the backup, each with a journal of its own, stays revoked after a restore that reads both, and one alone is refused [JRN-5] [JRN-12] [BAK-4]", async () => {
  const store = await database(first, "two_nodes");
  const journals = ["journal-a", "journal-b"].map((name) => join(directory, name)) as [string, string];
  const [backup, data] = [join(directory, "two-backup"), join(directory, "two-data")];
  const settings = { issuer: ISSUER, kek, store };
  const a = await journey({}, { ...settings, revocation_journal: journals[0] });
  const dataOfB = join(directory, "node-b");
  const b = await startServer(configOf({ ...settings, data: dataOfB, revocation_journal: journals[1] }), {
    logTo: { write: () => {} },
  });
  const lives = [await a.signIn("kept"), await a.signIn("kept-too")];
  const atA = [await a.signIn("a-1"), await a.signIn("a-2")];
  const atB = [await a.signIn("b-1"), await a.signIn("b-2")];
  await backUp(configOf({ ...settings, data }), backup);
  // In turn, so that neither journal is without a gap.
  for (const [index, one] of atA.entries()) {
    const other = atB[index] ?? assert.fail();
    for (const [url, sid] of [
      [a.server.url, one.sid],
      [b.url, other.sid],
    ] as const) {
      const answer = await fetch(new URL("/v1/revocations", url), {
        method: "POST",
        headers: { authorization: `Bearer ${await operatorOf(a)}`, "content-type": "application/json" },
        body: JSON.stringify({ targets: [{ type: "session", sid }] }),
      });
      assert.equal(answer.status, 201);
    }
  }
  await b.close();
  await a.server.close();

  const config = configOf({ ...settings, data, store: await database(second, "two_nodes") });
  mkdirSync(data);
  for (const alone of journals)
    await assert.rejects(
      restore(config, { backup, journals: [alone], endAllSessions: false }),
      isProblem("journal_incomplete"),
    );
  const [done] = await restore(config, { backup, journals, endAllSessions: false });
  assert.equal(done?.notices, 4);
  const server = await startServer(config, { logTo: { write: () => {} } });
  const refresh = async (token: string): Promise<number> => {
    const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: token });
    return (await fetch(new URL("/oauth2/token", server.url), { method: "POST", body })).status;
  };
  for (const { refresh: token } of [...atA, ...atB]) assert.equal(await refresh(token), 400);
  for (const { refresh: token } of lives) assert.equal(await refresh(token), 200);
  await server.close();
  await a.end();
});

/** An empty one of its own, on a server that another test uses, too. */
async function database({ url }: { readonly url: string }, name: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const own = new URL(url);
  own.pathname = `/${name}`;
  return own.href;
}

async function operatorOf({ data, server }: Journey): Promise<string> {
  const credentials = readFileSync(join(data, "operator-credentials"), "utf8").trim();
  const answer = await fetch(new URL("/oauth2/token", server.url), {
    method: "POST",
    headers: basicHeader(credentials),
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  return ((await answer.json()) as { readonly access_token: string }).access_token;
}

function isProblem(code: string): (error: unknown) => boolean {
  return (error) => error instanceof BackupProblem && error.code === code;
}
