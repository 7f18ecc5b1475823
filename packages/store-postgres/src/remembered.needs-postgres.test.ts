// What a node remembers is told to the server with every read, and never believed.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Change, type Outcome, parseTenantId, type RowChange, type RowKey, type Store } from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import pg from "pg";
import { openStore } from "./testing/open-store.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const server = await startPostgres();
after(() => server.stop());
const tenant = parseTenantId("main") ?? assert.fail();
const [session, subject, other] = ["s", "u", "v"].map((id): RowKey => ({ tenant, kind: "session", id })) as [
  RowKey,
  RowKey,
  RowKey,
];

function change(...rows: readonly RowChange[]): Change {
  const random = (): string => encodeBase64url(crypto.getRandomValues(new Uint8Array(8)));
  const raises = rows.some(({ raise }) => raise === true);
  const notice = { tenant, mark: random(), body: "{}", livesMs: 60_000 };
  return { attempt: random(), rows, notices: raises ? [notice] : [], facts: [] };
}

function put(key: RowKey, expect: RowChange["expect"], value: string, refs: readonly RowKey[] = []): RowChange {
  return { key, expect, next: { value, expires: null, refs } };
}

async function commit(store: Store, ...rows: readonly RowChange[]): Promise<Outcome> {
  const [outcome] = await store.commit([change(...rows)]);
  assert.equal(outcome?.kind, "committed");
  return outcome;
}

async function twoNodes(schema: string): Promise<readonly [Store, Store]> {
  const a = await openStore(server.url, schema);
  const b = await openStore(server.url, schema);
  await commit(a, put(session, "absent", "1", [subject]), put(subject, "absent", "1"));
  for (const node of [a, b]) assert.equal((await node.read([session])).get(subject)?.value, "1");
  return [a, b];
}

test("a row that another node has written is read anew, with what it refers to by now", async () => {
  const [a, b] = await twoNodes("written");
  await commit(a, put(other, "absent", "new"));
  await commit(a, put(session, 1, "2", [other]));
  const snapshot = await b.read([session]);
  assert.deepEqual(
    [snapshot.get(session)?.value, snapshot.get(other)?.value, snapshot.has(subject)],
    ["2", "new", false],
  );
  await Promise.all([a.close(), b.close()]);
});

test("a row that is remembered with what it refers to shows what was written there, and that it is gone", async () => {
  const [a, b] = await twoNodes("refers");
  const raised = await commit(a, { ...put(subject, 1, "2"), raise: true });
  const seen = (await b.read([session])).get(subject);
  assert.deepEqual([seen?.value, seen?.notBefore], ["2", raised.kind === "committed" && raised.pos]);
  await commit(a, { key: subject, expect: 2, next: "gone" });
  const snapshot = await b.read([session]);
  assert.deepEqual([snapshot.has(subject), snapshot.get(subject)], [true, undefined]);
  await commit(b, put(subject, "absent", "again"));
  assert.equal((await a.read([session])).get(subject)?.value, "again");
  await Promise.all([a.close(), b.close()]);
});

test("a row that nobody remembers brings what it refers to, also where that has its own id, of another kind or tenant", async () => {
  const a = await openStore(server.url, "namesakes");
  const b = await openStore(server.url, "namesakes");
  const away = parseTenantId("away") ?? assert.fail();
  const namesakes: readonly RowKey[] = [
    { ...session, kind: "subject" },
    { ...session, tenant: away },
  ];
  await commit(a, put(session, "absent", "1", namesakes), ...namesakes.map((key) => put(key, "absent", "named")));
  const snapshot = await b.read([session]);
  assert.deepEqual(
    namesakes.map((key) => snapshot.get(key)?.value),
    ["named", "named"],
  );
  await Promise.all([a.close(), b.close()]);
});

test("a row of the same version by another attempt, as after a restore, is read anew", async () => {
  const [a, b] = await twoNodes("restored");
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query("UPDATE restored.rows SET value = 'restored', attempt = 'another' WHERE id = 's'");
  await client.end();
  const row = (await b.read([session])).get(session);
  assert.deepEqual([row?.value, row?.version, row?.attempt], ["restored", 1, "another"]);
  await Promise.all([a.close(), b.close()]);
});

test("a row that was read twice without a change between is the same object: what was parsed from it can be kept", async () => {
  const [a, b] = await twoNodes("same");
  const [first, second] = [await b.read([session]), await b.read([session])];
  assert.equal(first.get(session), second.get(session));
  assert.equal(first.get(subject), second.get(subject));
  await Promise.all([a.close(), b.close()]);
});
