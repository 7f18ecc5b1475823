// The lease on a server, on a real one, with a clock that is turned by hand: before, at and after.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Change, parseTenantId, type RowKey, type Snapshot, type Store } from "@hallpass/core";
import { encodeBase64url, type Position } from "@hallpass/protocol";
import pg from "pg";
import type { PostgresStoreOptions } from "./postgres-store.ts";
import { openStore } from "./testing/open-store.ts";
import { freePort, startPostgres } from "./testing/postgres-server.ts";
import { tcpSwitch } from "./testing/tcp-switch.ts";

const LEASE = 3000;
const server = await startPostgres();
after(() => server.stop());
const tenant = parseTenantId("main") ?? assert.fail();
const key: RowKey = { tenant, kind: "session", id: "s" };

function change(expect: number | "absent" | undefined, notices = 0): Change {
  const random = (): string => encodeBase64url(crypto.getRandomValues(new Uint8Array(8)));
  return {
    attempt: random(),
    rows: expect === undefined ? [] : [{ key, expect, next: { value: "v", expires: null } }],
    notices: Array.from({ length: notices }, () => ({ tenant, mark: random(), body: "{}", livesMs: 60_000 })),
    facts: [],
  };
}

async function sql(text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(server.url);
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows as Record<string, unknown>[];
}

/** A clock and timers that stand still until the test moves them. */
class Hand {
  now = 0;
  readonly #waiting = new Map<() => void, number>();
  #arrived: (() => void)[] = [];

  get ports(): Pick<PostgresStoreOptions, "clock" | "scheduler"> {
    return {
      clock: { monotonic: () => this.now },
      scheduler: {
        after: (ms, task) => {
          this.#waiting.set(task, ms);
          for (const arrived of this.#arrived.splice(0)) arrived();
          return () => this.#waiting.delete(task);
        },
      },
    };
  }

  /** Calls what waits that long; waits until something does. */
  async turn(ms: number): Promise<void> {
    for (;;) {
      const found = [...this.#waiting].find(([, wanted]) => wanted === ms);
      if (found !== undefined) {
        this.#waiting.delete(found[0]);
        return found[0]();
      }
      await new Promise<void>((resolve) => this.#arrived.push(resolve));
    }
  }

  waits(ms: number): boolean {
    return [...this.#waiting.values()].includes(ms);
  }
}

async function reading(store: Store): Promise<Snapshot> {
  return store.read([key]);
}

async function answersAfterTurns(store: Store, hand: Hand): Promise<void> {
  for (;;) {
    const works = await reading(store).then(
      () => true,
      () => false,
    );
    if (works) return;
    await Promise.race([hand.turn(1000), hand.turn(200), hand.turn(0)]);
  }
}

test("an answer counts before the lease is over, and neither at that instant nor after it [PRI-1]", async () => {
  const hand = new Hand();
  const store = await openStore(server.url, "lease", hand.ports);
  assert.equal((await store.commit([change("absent")]))[0]?.kind, "committed");
  hand.now = LEASE - 1;
  assert.equal((await store.read([key])).get(key)?.version, 1);
  assert.equal((await store.commit([change(1)]))[0]?.kind, "committed");
  hand.now = LEASE;
  await assert.rejects(reading(store), { code: "store_unavailable" });
  await assert.rejects(store.list({ tenant, kind: "session", limit: 1 }), { code: "store_unavailable" });
  assert.equal((await store.commit([change(2)]))[0]?.kind, "failed");
  assert.deepEqual(await sql("SELECT version::int4 FROM lease.rows"), [{ version: 2 }]);
  await answersAfterTurns(store, hand);
  assert.equal((await store.read([key])).get(key)?.version, 2);
  await store.close();
});

test("what is under way when the lease ends is a fault, and a commit that was confirmed then is an unknown outcome [PRI-1]", async () => {
  const hand = new Hand();
  const store = await openStore(server.url, "late", hand.ports);
  await store.commit([change("absent")]);
  hand.now = LEASE - 1;
  const [asked, committing] = [reading(store), store.commit([change(1)])];
  // Both are asked now; the answers come later.
  queueMicrotask(() => {
    hand.now = LEASE;
  });
  await assert.rejects(asked, { code: "store_unavailable" });
  assert.equal((await committing)[0]?.kind, "unknown");
  await store.close();
});

test("whoever waits for a connection that was opened just before the silence is answered when the lease ends [PRI-8]", {
  timeout: 20_000,
}, async () => {
  const hand = new Hand();
  const { port } = new URL(server.url);
  const between = await tcpSwitch(Number(port));
  const address = server.url.replace(`:${port}/`, `:${between.port}/`);
  const store = await openStore(address, "opened", { ...hand.ports, statementMs: 60_000 });
  await store.commit([change("absent")]);
  // A connection comes up, and what is asked on it first gets no answer.
  between.delay(600_000, 1);
  const list = (): Promise<unknown> => store.list({ tenant, kind: "session", limit: 1 });
  const onTheIdleOne = list();
  await sql("SELECT 1");
  const all = Promise.allSettled([onTheIdleOne, list(), list(), list()]);
  const committing = store.commit([change(1)]);
  const isUp = "SELECT pid FROM pg_stat_activity WHERE application_name = 'hallpass' AND state = 'idle' AND query = ''";
  while ((await sql(isUp)).length < 4);
  hand.now = LEASE;
  await hand.turn(LEASE);
  for (const { status } of await all) assert.equal(status, "rejected");
  assert.match((await committing)[0]?.kind ?? "", /^(failed|unknown)$/);
  between.delay(0);
  await answersAfterTurns(store, hand);
  await store.close();
  between.close();
});

test("whoever waits for one of the connections that are all in use is answered when the lease ends, too [PRI-8]", {
  timeout: 20_000,
}, async () => {
  const hand = new Hand();
  const { port } = new URL(server.url);
  const between = await tcpSwitch(Number(port));
  const address = server.url.replace(`:${port}/`, `:${between.port}/`);
  // One is for listening, so one is left.
  const store = await openStore(address, "full", { ...hand.ports, statementMs: 60_000, mostConnections: 2 });
  await store.commit([change("absent")]);
  between.delay(600_000);
  const list = (): Promise<unknown> => store.list({ tenant, kind: "session", limit: 1 });
  const all = Promise.allSettled([list(), list(), list(), store.read([key])]);
  const committing = store.commit([change(1)]);
  await new Promise(setImmediate);
  const began = performance.now();
  hand.now = LEASE;
  await hand.turn(LEASE);
  for (const { status } of await all) assert.equal(status, "rejected");
  assert.match((await committing)[0]?.kind ?? "", /^(failed|unknown)$/);
  assert.ok(performance.now() - began < 2500, "not only after the three seconds that the pool would have them wait");
  between.delay(0);
  await answersAfterTurns(store, hand);
  await store.close();
  between.close();
});

test("a server that does not reach its standby proves nothing, and its commits are unknown until it does [PRI-2]", async () => {
  const hand = new Hand();
  const store = await openStore(server.url, "alone", { ...hand.ports, statementMs: 400 });
  await store.commit([change("absent")]);
  try {
    await sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await sql("SELECT pg_reload_conf()");
    while ((await sql("SHOW synchronous_standby_names"))[0]?.["synchronous_standby_names"] !== "nobody");
    assert.equal((await store.commit([change(1)]))[0]?.kind, "unknown");
    hand.now = LEASE - 1;
    await hand.turn(1000);
    hand.now = LEASE;
    await assert.rejects(reading(store), { code: "store_unavailable" });
  } finally {
    await sql("ALTER SYSTEM RESET synchronous_standby_names");
    await sql("SELECT pg_reload_conf()");
  }
  await answersAfterTurns(store, hand);
  assert.equal((await store.commit([change(2)]))[0]?.kind, "committed");
  await store.close();
});

test("a wait for the standby that somebody cancels is an unknown outcome, and the row is not shown before the standby has it [PRI-2]", async () => {
  const store = await openStore(server.url, "warned");
  await store.commit([change("absent")]);
  const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%commit_%'";
  try {
    await sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await sql("SELECT pg_reload_conf()");
    while ((await sql("SHOW synchronous_standby_names"))[0]?.["synchronous_standby_names"] !== "nobody");
    const committing = store.commit([change(1)]);
    while ((await sql(waiting)).length === 0);
    await sql(`SELECT pg_cancel_backend(pid) FROM (${waiting}) AS stuck`);
    assert.equal((await committing)[0]?.kind, "unknown");
    // It is there, and the lease still holds.
    assert.deepEqual(await sql("SELECT version::int4 FROM warned.rows"), [{ version: 2 }]);
    await assert.rejects(reading(store), { code: "store_unavailable" });
  } finally {
    await sql("ALTER SYSTEM RESET synchronous_standby_names");
    await sql("SELECT pg_reload_conf()");
  }
  while ((await sql("SHOW synchronous_standby_names"))[0]?.["synchronous_standby_names"] !== "");
  assert.equal((await reading(store)).get(key)?.version, 2);
  await store.close();
});

test("of several hosts the one that takes writes is found, and no one is a fault that says why [PRI-3]", async () => {
  const { port } = new URL(server.url);
  const nobody = `127.0.0.1:${await freePort()}`;
  const address = (hosts: string): string => `postgres://hallpass@${hosts}/postgres?target_session_attrs=read-write`;
  const store = await openStore(address(`${nobody},127.0.0.1:${port},${nobody}`), "hosts");
  assert.equal((await store.commit([change("absent")]))[0]?.kind, "committed");
  await store.close();
  await assert.rejects(openStore(address(`${nobody},${nobody}`), "hosts"), (fault: Error) =>
    /ECONNREFUSED/.test(String(fault.cause)),
  );
  await sql("CREATE ROLE reader LOGIN SUPERUSER");
  await sql("ALTER ROLE reader SET default_transaction_read_only = on");
  const readOnly = address(`127.0.0.1:${port}`).replace("hallpass@", "reader@");
  await assert.rejects(openStore(readOnly, "hosts"), (fault: Error) => /standby/.test(String(fault.cause)));
});

test("another server than the one that the schema names is waited out, then ends the history, then is named [PRI-4] [PRI-5]", async () => {
  const before = await openStore(server.url, "moved");
  await before.commit([change(undefined, 3)]);
  await before.close();
  const [own] = await sql("SELECT server FROM moved.primary_claim");
  await sql("UPDATE moved.primary_claim SET server = '1/00000001'");
  const hand = new Hand();
  const ended: Position[] = [];
  const heads: Position[] = [];
  const opening = openStore(server.url, "moved", {
    ...hand.ports,
    endHistory: async (bare, above) => {
      ended.push(above);
      heads.push((await bare.read([])).head.pos);
      const newEpoch = { above };
      const [notice] = change(undefined, 1).notices;
      assert.ok(notice !== undefined);
      const [outcome] = await bare.commit([{ ...change(undefined, 1), notices: [{ ...notice, newEpoch }] }]);
      assert.equal(outcome?.kind, "committed");
    },
  });
  let isOpen = false;
  void opening.then(() => {
    isOpen = true;
  });
  while (!hand.waits(LEASE * 1.001)) await sql("SELECT 1");
  await sql("SELECT pg_sleep(0.1)");
  assert.deepEqual([isOpen, ended.length], [false, 0]);
  assert.deepEqual(await sql("SELECT server FROM moved.primary_claim"), [{ server: "1/00000001" }]);
  await hand.turn(LEASE * 1.001);
  const store = await opening;
  assert.deepEqual([ended, heads], [[{ epoch: 1, seq: 1_000_003 }], [{ epoch: 1, seq: 3 }]]);
  assert.deepEqual((await store.read([])).head.pos, { epoch: 2, seq: 1_000_004 });
  assert.deepEqual(await sql("SELECT server FROM moved.primary_claim"), [own]);
  await store.close();
  const later = new Hand();
  const again = await openStore(server.url, "moved", {
    ...later.ports,
    endHistory: () => assert.fail("nothing moved"),
  });
  await again.close();
});

test("a history that could not be ended is not answered from, and the next try may end it [PRI-5]", async () => {
  await (await openStore(server.url, "stuck")).close();
  await sql("UPDATE stuck.primary_claim SET server = '1/00000001'");
  const open = (endHistory: () => Promise<void>): Promise<Store> => {
    const hand = new Hand();
    const opening = openStore(server.url, "stuck", { ...hand.ports, endHistory });
    void hand.turn(LEASE * 1.001);
    return opening;
  };
  await assert.rejects(
    open(() => Promise.reject(new Error("no room"))),
    (fault: Error) => /no room/.test(String(fault.cause)),
  );
  assert.deepEqual(await sql("SELECT server FROM stuck.primary_claim"), [{ server: "1/00000001" }]);
  let ended = 0;
  const store = await open(async () => {
    ended += 1;
  });
  assert.equal(ended, 1);
  await store.close();
});

test("another server behind the same address is not asked by new connections, and ends a history that it does not have [PRI-6] [PRI-7]", async () => {
  const other = await startPostgres();
  const portOf = (url: string): number => Number(new URL(url).port);
  const between = await tcpSwitch(portOf(server.url));
  const address = server.url.replace(`:${portOf(server.url)}/`, `:${between.port}/`);
  // Somebody relies on the other one already.
  await (await openStore(other.url, "behind")).close();
  let ended = 0;
  const endHistory = async (): Promise<void> => {
    ended += 1;
  };
  const store = await openStore(address, "behind", { endHistory });
  assert.equal((await store.commit([change("absent", 2)]))[0]?.kind, "committed");
  between.to(portOf(other.url));
  const many = Array.from({ length: 8 }, () => store.list({ tenant, kind: "session", limit: 1 }));
  for (const answer of await Promise.allSettled(many))
    if (answer.status === "fulfilled") assert.equal(answer.value.length, 1);
    else assert.equal((answer.reason as { readonly code?: string }).code, "store_unavailable");
  assert.equal(ended, 0);
  between.cut();
  const isThere = (): Promise<boolean> =>
    reading(store).then(
      (snapshot) => snapshot.get(key) === undefined,
      () => false,
    );
  while (!(await isThere())) await sql("SELECT pg_sleep(0.02)");
  assert.equal(ended, 1);
  await store.close();
  between.close();
  await other.stop();
});
