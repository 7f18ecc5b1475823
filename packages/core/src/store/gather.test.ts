import assert from "node:assert/strict";
import test, { describe, it } from "node:test";
import { storeContract } from "@hallpass/store-contract";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import { parseTenantId } from "../kernel/ids.ts";
import { instantOf } from "../kernel/time.ts";
import { gather } from "./gather.ts";
import type { Change, NoticeDraft, Outcome, RowChange, Store } from "./store.ts";

const tenant = parseTenantId("main");
assert.ok(tenant !== undefined);
const home = tenant;

storeContract("gathered", async () => ({ store: gather(memory()) }));

test("changes that arrive while a commit is under way go together in the next, in order of arrival", async () => {
  const { store, sent, release } = held();
  const first = store.commit([change("a")]);
  await settled();
  const later = [store.commit([change("b")]), store.commit([change("c"), change("d")])];
  await settled();
  assert.deepEqual(ids(sent), [["a"]]);
  release();
  await Promise.all([first, ...later]);
  assert.deepEqual(ids(sent), [["a"], ["b", "c", "d"]]);
});

test("an idle store gets a change at once, alone", async () => {
  const { store, sent, release } = held();
  release();
  await store.commit([change("a")]);
  await store.commit([change("b")]);
  assert.deepEqual(ids(sent), [["a"], ["b"]]);
});

test("a batch that is smaller than the one before waits at most six turns more for those who were just answered, and no longer", async () => {
  const turns: (() => void)[] = [];
  const { store, sent, release } = held({ nextTurn: (task) => void turns.push(task) });
  release();
  const pass = async (): Promise<void> => {
    turns.shift()?.();
    await settled();
  };
  const both = [store.commit([change("a")]), store.commit([change("b")])];
  const third = both[0]?.then(() => store.commit([change("c")]));
  await pass();
  assert.deepEqual(ids(sent), [["a", "b"]]);
  await Promise.all(both);
  await pass();
  const fourth = store.commit([change("d")]);
  await pass();
  assert.deepEqual(ids(sent), [
    ["a", "b"],
    ["c", "d"],
  ]);
  await Promise.all([third, fourth]);
  const fifth = store.commit([change("e")]);
  for (const waits of [true, true, true, true, true, true, false]) {
    await pass();
    assert.equal(ids(sent).length, waits ? 2 : 3);
  }
  await fifth;
});

test("two changes that touch one row never share a batch, and those that wait are not overtaken", async () => {
  const { store, sent, release } = held();
  release();
  const commits = [
    store.commit([change("a")]),
    store.commit([change("a", "b")]),
    store.commit([change("b")]),
    store.commit([change("c")]),
  ];
  await Promise.all(commits);
  assert.deepEqual(ids(sent), [["a", "c"], ["a+b"], ["b"]]);
});

test("changes that only compare a row share a batch, but not with one that writes it", async () => {
  const { store, sent, release } = held();
  release();
  const guard: RowChange = { key: { tenant: home, kind: "lease", id: "guard" }, expect: "absent", next: "same" };
  const guarded = (id: string): Change => ({ ...change(id), rows: [...change(id).rows, guard] });
  const write: Change = { ...change("x"), rows: [{ ...guard, next: { value: "", expires: null } }] };
  await Promise.all([store.commit([guarded("a")]), store.commit([guarded("b")]), store.commit([write])]);
  assert.deepEqual(ids(sent), [["a+guard", "b+guard"], ["guard"]]);
  sent.length = 0;
  await Promise.all([guarded("c"), write, guarded("d"), guarded("e")].map((one) => store.commit([one])));
  assert.deepEqual(ids(sent), [["c+guard"], ["guard"], ["d+guard", "e+guard"]]);
});

test("a batch has at most as many changes as it may", async () => {
  const { store, sent, release } = held({ mostPerBatch: 2 });
  release();
  await store.commit(["a", "b", "c", "d", "e"].map((id) => change(id)));
  assert.deepEqual(ids(sent), [["a", "b"], ["c", "d"], ["e"]]);
});

test("of a large batch 32 callers go on in one turn, the others in the turns after, and the next batch does not wait for them", async () => {
  const turns: (() => void)[] = [];
  const { store, sent, release } = held({ nextTurn: (task) => void turns.push(task) });
  release();
  const pass = async (): Promise<void> => {
    for (const task of turns.splice(0)) task();
    await settled();
  };
  let answered = 0;
  const commit = (n: number): Promise<void> =>
    store.commit([change(`${n}`)]).then(() => {
      answered += 1;
    });
  const all = Array.from({ length: 70 }, (_, n) => commit(n));
  await pass();
  assert.deepEqual([sent.length, answered], [1, 32]);
  all.push(...Array.from({ length: 70 }, (_, n) => commit(70 + n)));
  await pass();
  assert.deepEqual([sent.length, answered], [2, 64 + 32], "of both batches");
  await pass();
  assert.equal(answered, 70 + 64);
  await pass();
  assert.equal(answered, 140);
  await Promise.all(all);
});

test("beyond the most that may wait, changes fail at once as overloaded, and nothing of them is sent", async () => {
  const { store, sent, release } = held({ mostWaiting: 2 });
  const under = store.commit([change("a")]);
  await settled();
  const waiting = store.commit([change("b"), change("c")]);
  const [refused] = await store.commit([change("d")]);
  assert.ok(refused?.kind === "failed" && refused.cause instanceof Fault && !refused.full);
  assert.equal(refused.cause.code, "overloaded");
  release();
  await Promise.all([under, waiting]);
  assert.deepEqual(ids(sent), [["a"], ["b", "c"]]);
});

test("a caller's defect throws to that caller alone", async () => {
  const { store, release } = held();
  const neighbour = store.commit([change("a")]);
  await assert.rejects(store.commit([{ ...change("b"), rows: [] }]), RangeError);
  release();
  assert.equal((await neighbour)[0]?.kind, "committed");
});

test("what the store throws, or leaves without an outcome, is told to each caller, and after closing nothing is sent", async () => {
  const commits = (outcome: () => Promise<readonly Outcome[]>) => {
    const store = gather({ ...memory(), commit: outcome });
    return Promise.allSettled([store.commit([change("a")]), store.commit([change("b"), change("c")])]);
  };
  const thrown = new Error("the disk is gone");
  const reasons = async (outcome: () => Promise<readonly Outcome[]>) =>
    (await commits(outcome)).map((one) => (one.status === "rejected" ? one.reason : one));
  assert.deepEqual(await reasons(() => Promise.reject(thrown)), [thrown, thrown]);
  for (const reason of await reasons(async () => [])) assert.match(String(reason), /no outcome/);
  const { store, sent, release } = held();
  release();
  await store.close();
  await assert.rejects(
    store.commit([change("a")]),
    (cause) => cause instanceof Fault && cause.code === "store_unavailable",
  );
  assert.deepEqual(sent, []);
});

test("each caller gets the outcomes of its own changes, also when a neighbour's conflict", async () => {
  const store = gather(memory());
  await store.commit([change("a")]);
  const outcomes = await Promise.all([store.commit([change("a"), change("b")]), store.commit([change("c")])]);
  assert.deepEqual(outcomes.map(kinds), [["conflict", "committed"], ["committed"]]);
});

describe("a notice that is committed while the store's clock is set back", () => {
  const LIVES = 20_000;
  const drafted = (mark: string, life: Pick<NoticeDraft, "livesMs" | "liveUntil">): Change => ({
    attempt: mark,
    rows: [],
    notices: [{ tenant: home, mark, body: "{}", ...life }],
    facts: [],
  });
  const untils = async (store: Store): Promise<readonly number[]> => {
    const { head } = await store.read([]);
    const range = { tenant: home, after: { epoch: 1, seq: 0 }, upTo: head.pos, limit: 10 };
    return (await store.notices(range)).notices.map(({ until }) => until);
  };

  for (const [title, show] of [
    ["a read showed", (store: Store) => store.read([])],
    ["a commit showed", (store: Store) => store.commit([change("a")])],
  ] as const) {
    it(`outlives what was issued by the latest time that ${title} [NOT-3]`, async () => {
      const time = { now: 2_000_000 };
      const store = gather(memoryAt(() => time.now));
      await show(store);
      time.now = 1_000_000;
      await store.commit([drafted("AAAAAAAAAAA", { livesMs: LIVES })]);
      time.now = 3_000_000;
      await store.commit([drafted("AAAAAAAAAAE", { livesMs: LIVES })]);
      assert.deepEqual(await untils(store), [2_000_000 + LIVES, 3_000_000 + LIVES]);
    });
  }

  it("lives as long as was asked for where that is longer, and names a token's end where it takes one token [NOT-3]", async () => {
    const time = { now: 2_000_000 };
    const store = gather(memoryAt(() => time.now));
    await store.read([]);
    time.now = 1_000_000;
    await store.commit([drafted("AAAAAAAAAAA", { livesMs: LIVES, liveUntil: instantOf(2_500_000) })]);
    await store.commit([drafted("AAAAAAAAAAE", { livesMs: 0, liveUntil: instantOf(1_030_000) })]);
    assert.deepEqual(await untils(store), [2_500_000, 1_030_000]);
  });
});

function kinds(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.map(({ kind }) => kind);
}

function memory(): Store {
  let now = 1_750_000_000_000;
  return memoryAt(() => (now += 1));
}

function memoryAt(now: () => number): Store {
  const dice = { bytes: (length: number) => new Uint8Array(length) };
  return createMemoryStore({ clock: { now: () => instantOf(now()) }, dice });
}

function change(...names: readonly string[]): Change {
  const rows = names.map(
    (id): RowChange => ({
      key: { tenant: home, kind: "session", id },
      expect: "absent",
      next: { value: "", expires: null },
    }),
  );
  return { attempt: "AAAAAAAAAAA", rows, notices: [], facts: [] };
}

/** A gathered store that sends nothing on until it is released, and remembers what it sent. */
function held(options: Parameters<typeof gather>[1] = {}): {
  readonly store: Store;
  readonly sent: (readonly Change[])[];
  readonly release: () => void;
} {
  const inner = memory();
  const sent: (readonly Change[])[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const commit: Store["commit"] = async (changes) => {
    sent.push(changes);
    await promise;
    return inner.commit(changes);
  };
  return { store: gather({ ...inner, commit }, options), sent, release: resolve };
}

function ids(sent: readonly (readonly Change[])[]): readonly (readonly string[])[] {
  return sent.map((batch) => batch.map(({ rows }) => rows.map(({ key }) => key.id).join("+")));
}

async function settled(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await Promise.resolve();
}
