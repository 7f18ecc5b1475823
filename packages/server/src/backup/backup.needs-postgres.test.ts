import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { startServer } from "../main.ts";
import { journey } from "../testing/journey.ts";
import { configOf, ISSUER } from "../testing/scene.ts";
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

function isProblem(code: string): (error: unknown) => boolean {
  return (error) => error instanceof BackupProblem && error.code === code;
}
