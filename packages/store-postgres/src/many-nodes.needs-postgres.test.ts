// What only shows between nodes: two stores on one schema, each with connections of its own.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  type Change,
  type FactDraft,
  instantOf,
  type Outcome,
  parseTenantId,
  type RowChange,
  type RowKey,
  type Store,
} from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import pg from "pg";
import { openStore } from "./testing/open-store.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const server = await startPostgres();
after(() => server.stop());

const tenant = parseTenantId("main") ?? assert.fail();
let schemas = 0;

async function twoNodes(): Promise<readonly [Store, Store]> {
  schemas += 1;
  const schema = `nodes_${schemas}`;
  const first = await openStore(server.url, schema);
  return [first, await openStore(server.url, schema)];
}

function key(id: string, kind: RowKey["kind"] = "session"): RowKey {
  return { tenant, kind, id };
}

function change(rows: readonly RowChange[], notices = 0): Change {
  const random = (): string => encodeBase64url(crypto.getRandomValues(new Uint8Array(8)));
  const notice = { tenant, body: "{}", livesMs: 60_000 };
  return {
    attempt: random(),
    rows,
    notices: Array.from({ length: notices }, () => ({ ...notice, mark: random() })),
    facts: [],
  };
}

const put = (of: RowKey, expect: RowChange["expect"], value = "v"): RowChange => ({
  key: of,
  expect,
  next: { value, expires: null },
});

function factAt(ms: number): FactDraft {
  return { tenant, kind: "fact", session: null, at: instantOf(ms), body: `"${ms}"` };
}

async function commit(store: Store, one: Change): Promise<Outcome> {
  const [outcome] = await store.commit([one]);
  return outcome ?? assert.fail("a change has an outcome");
}

async function closed(stores: readonly Store[]): Promise<void> {
  for (const store of stores) await store.close();
}

test("what one node has answered, another reads, with the same head", async () => {
  const [a, b] = await twoNodes();
  const outcome = await commit(a, change([put(key("s"), "absent")], 1));
  assert.equal(outcome.kind, "committed");
  const snapshot = await b.read([key("s")]);
  assert.equal(snapshot.get(key("s"))?.value, "v");
  assert.deepEqual(snapshot.head, (await a.read([])).head);
  await closed([a, b]);
});

test("a notice of one node wakes the other", async () => {
  const [a, b] = await twoNodes();
  const woken = new Promise<void>((resolve) => b.onHeadMoved(resolve));
  await commit(a, change([], 1));
  await woken;
  assert.equal((await b.read([])).head.pos.seq, 1);
  await closed([a, b]);
});

test("of sixty-four changes of one version, half from each node, exactly one is committed, thirty times over", async () => {
  const nodes = await twoNodes();
  await commit(nodes[0], change([put(key("s"), "absent")]));
  for (let version = 1; version <= 30; version += 1) {
    const racing = Array.from({ length: 64 }, (_, n) =>
      commit(nodes[n % 2 === 0 ? 0 : 1], change([put(key("s"), version)])),
    );
    const kinds = (await Promise.all(racing)).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === "committed").length, 1);
    assert.equal(kinds.filter((kind) => kind === "conflict").length, 63);
  }
  await closed(nodes);
});

test("a rotation that compares its subject never lands after a cut-off that another node has made", async () => {
  const [a, b] = await twoNodes();
  for (let round = 0; round < 50; round += 1) {
    const [session, subject] = [key(`s-${round}`), key(`u-${round}`, "subject")];
    await commit(a, change([put(session, "absent"), put(subject, "absent")]));
    const rotation = change([put(session, 1), { key: subject, expect: 1, next: "same" }]);
    const cutOff = change([{ ...put(subject, 1), raise: true }], 1);
    const [rotated, cut] = await Promise.all([commit(a, rotation), commit(b, cutOff)]);
    assert.equal(cut.kind, "committed");
    if (rotated.kind === "committed" && cut.kind === "committed") assert.ok(rotated.pos.seq < cut.pos.seq);
    else assert.equal(rotated.kind, "conflict");
  }
  await closed([a, b]);
});

test("a leader that drops under its fence waits for whoever takes the fence over, and drops nothing then", async (t) => {
  const [a, b] = await twoNodes();
  await commit(a, { ...change([put(key("fence"), "absent")]), facts: [factAt(1)] });
  const taking = new pg.Client({ connectionString: server.url, options: `-c search_path=nodes_${schemas}` });
  await taking.connect();
  t.after(() => taking.end());
  await taking.query("BEGIN");
  await taking.query("UPDATE rows SET version = version + 1");
  const fence = { key: key("fence"), version: 1 };
  const bounds = { horizon: instantOf(0), factsBefore: instantOf(2), limit: 10, fence };
  let dropped: Awaited<ReturnType<Store["drop"]>> | undefined;
  const dropping = a.drop(bounds).then((answer) => (dropped = answer));
  const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
  while ((await taking.query(waiting)).rowCount === 0) assert.equal(dropped, undefined, "it waited for nobody");
  await taking.query("COMMIT");
  assert.deepEqual(await dropping, { more: false, fenced: true });
  assert.equal((await b.facts({ tenant, limit: 10 })).facts.length, 1);
  await closed([a, b]);
});

test("a row that was compared as absent is not made beside the change that compared it", async () => {
  const [a, b] = await twoNodes();
  for (let round = 0; round < 50; round += 1) {
    const [x, y] = [key(`x-${round}`), key(`y-${round}`)];
    const one = commit(a, change([put(x, "absent"), { key: y, expect: "absent", next: "same" }]));
    const other = commit(b, change([put(y, "absent"), { key: x, expect: "absent", next: "same" }]));
    const kinds = (await Promise.all([one, other])).map(({ kind }) => kind);
    assert.ok(kinds.filter((kind) => kind === "committed").length <= 1, kinds.join());
  }
  await closed([a, b]);
});

test("a reader on one node sees every fact of both nodes exactly once, however their commits overlap", async () => {
  const nodes = await twoNodes();
  const facts = 400;
  const writing = Array.from({ length: facts }, (_, n) => {
    return commit(nodes[n % 2 === 0 ? 0 : 1], { ...change([]), facts: [factAt(n)] });
  });
  const seen: string[] = [];
  let cursor: string | undefined;
  const readOn = async (): Promise<void> => {
    const page = await nodes[0].facts({ tenant, limit: 50, ...(cursor === undefined ? {} : { after: cursor }) });
    seen.push(...page.facts.map(({ body }) => body));
    cursor = page.facts.at(-1)?.cursor ?? cursor;
    if (page.more) await readOn();
  };
  // A fact is shown when every transaction that began before its own has ended.
  while (seen.length < facts) await readOn();
  await Promise.all(writing);
  assert.equal(new Set(seen).size, facts);
  assert.equal(seen.length, facts);
  await closed(nodes);
});

test("a database whose transactions are serialisable by default makes nobody fail: one of many wins, the others conflict [G-12]", async () => {
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query("ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'serializable'");
  try {
    const [a, b] = await twoNodes();
    const one = key("contended");
    await commit(a, change([put(one, "absent")]));
    const row = (await a.read([one])).get(one) ?? assert.fail();
    const outcomes = await Promise.all(
      Array.from({ length: 64 }, async (_, index) =>
        commit(index % 2 === 0 ? a : b, change([put(one, row.version, String(index))], 1)),
      ),
    );
    const kinds = outcomes.map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === "committed").length, 1);
    assert.equal(kinds.filter((kind) => kind === "conflict").length, 63, kinds.join());
    await closed([a, b]);
  } finally {
    await admin.query("ALTER ROLE CURRENT_USER RESET default_transaction_isolation");
    await admin.end();
  }
});
