// `node --conditions=hallpass-source --test conformance/pgbouncer/contract.ts`
// The contract of a store, whole, through PgBouncer in transaction mode. The same file is the program that the rule about killing kills.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Change, parseTenantId, type Store } from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import { loadConfig, type RunningServer, startServer } from "@hallpass/server";
import { commitUntilKilled, storeContract } from "@hallpass/store-contract";
import { migratePostgres, openPostgresStore } from "@hallpass/store-postgres";
import { startPgBouncer, startPostgres } from "@hallpass/store-postgres/testing";
import { systemClock, systemDice, systemScheduler } from "../../packages/server/src/host/system-ports.ts";

interface Sent {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

const dice = systemDice();
const openStore = (url: string, schema: string): Promise<Store> =>
  openPostgresStore({ url, schema, dice, clock: systemClock, scheduler: systemScheduler });

const [role, url, schema] = process.argv.slice(2);
if (role === "commit until killed" && url !== undefined && schema !== undefined) {
  await commitUntilKilled(await openStore(url, schema));
} else {
  const server = await startPostgres();
  const through = await startPgBouncer(server.url);
  const lenient = await startPgBouncer(server.url, { ignore_startup_parameters: "options" });
  after(async () => {
    await Promise.all([through.stop(), lenient.stop()]);
    await server.stop();
  });
  let schemas = 0;
  storeContract("postgres through PgBouncer", async () => {
    schemas += 1;
    const fresh = `store_${schemas}`;
    return {
      store: await openStore(through.url, fresh),
      reopen: () => openStore(through.url, fresh),
      committer: ["--conditions=hallpass-source", import.meta.filename, "commit until killed", through.url, fresh],
    };
  });

  const tenant = parseTenantId("main") ?? assert.fail();
  const notice = (): Change => {
    const random = (): string => encodeBase64url(dice.bytes(8));
    return {
      attempt: random(),
      rows: [],
      notices: [{ tenant, mark: random(), body: "{}", livesMs: 60_000 }],
      facts: [],
    };
  };

  test("a pooler that leaves settings out is found, too: nothing is looked for in another schema", async () => {
    const [store, direct] = [await openStore(lenient.url, "left_out"), await openStore(server.url, "left_out")];
    assert.equal((await store.commit([notice()]))[0]?.kind, "committed");
    assert.equal((await direct.read([])).head.pos.seq, 1);
    await Promise.all([store.close(), direct.close()]);
  });

  test("a notice of a node beside the pooler wakes one behind it, and the other way round", async () => {
    const [store, direct] = [await openStore(through.url, "wakes"), await openStore(server.url, "wakes")];
    for (const [one, other] of [
      [store, direct],
      [direct, store],
    ] as const) {
      const woken = new Promise<void>((resolve) => other.onHeadMoved(resolve));
      assert.equal((await one.commit([notice()]))[0]?.kind, "committed");
      await woken;
    }
    await Promise.all([store.close(), direct.close()]);
  });

  test("a whole server behind the pooler opens, refreshes and revokes, and hears of what another one beside it revokes", async () => {
    const data = mkdtempSync(join(tmpdir(), "hallpass-pgbouncer-"));
    const kek = Buffer.alloc(32, 7).toString("base64url");
    const start = async (name: string, store: string): Promise<RunningServer> => {
      const over = { development: "true", data: join(data, name), listen: "127.0.0.1:0", kek, store };
      const loaded = loadConfig({ env: {}, over: { ...over, issuer: "http://127.0.0.1:8026", log_level: "silent" } });
      assert.ok(loaded.ok);
      return startServer(loaded.config);
    };
    const behind = await start("behind", through.url);
    const beside = await start("beside", server.url);
    const credentials = readFileSync(join(data, "behind", "operator-credentials"), "utf8").trim();
    const send = async (
      path: string,
      headers: Record<string, string>,
      body: string | URLSearchParams,
      at = behind,
    ): Promise<Sent> => {
      const response = await fetch(`${at.url}${path}`, { method: "POST", headers, body });
      return { status: response.status, json: (await response.json()) as Sent["json"] };
    };
    const basic = { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
    const granted = await send("/oauth2/token", basic, new URLSearchParams({ grant_type: "client_credentials" }));
    const bearer = {
      authorization: `Bearer ${String(granted.json["access_token"])}`,
      "content-type": "application/json",
    };
    const opened = await send("/v1/sessions", bearer, JSON.stringify({ subject: "ada", client_id: "demo" }));
    assert.equal(opened.status, 201);
    const refresh = (at: RunningServer, token: unknown): Promise<Sent> =>
      send(
        "/oauth2/token",
        {},
        new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: String(token) }),
        at,
      );
    const refreshed = await refresh(behind, opened.json["refresh_token"]);
    assert.equal(refreshed.status, 200);
    const { id: sid } = opened.json["session"] as { readonly id: string };
    const targets = [{ type: "session", sid }];
    assert.equal((await send("/v1/revocations", bearer, JSON.stringify({ targets }), beside)).status, 201);
    assert.equal((await refresh(behind, refreshed.json["refresh_token"])).status, 400);
    await Promise.all([behind.close(), beside.close()]);
    rmSync(data, { recursive: true });
  });

  test("eight who migrate at once through the pooler make one schema", async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => migratePostgres({ url: through.url, schema: "migrated", dice })),
    );
    assert.equal(new Set(all.map(({ to }) => to)).size, 1);
    assert.ok(all.some(({ from }) => from === 0));
    const store = await openStore(through.url, "migrated");
    assert.equal((await store.read([])).head.pos.epoch, 1);
    await store.close();
  });

  test("more stores than the pooler has connections wait their turn, and every commit is done once", async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(through.url, "many")));
    const outcomes = await Promise.all(
      stores.flatMap((store) => Array.from({ length: 20 }, () => store.commit([notice()]))),
    );
    assert.ok(outcomes.every(([outcome]) => outcome?.kind === "committed"));
    assert.equal((await (stores[0] ?? assert.fail()).read([])).head.pos.seq, 120);
    await Promise.all(stores.map((store) => store.close()));
  });
}
