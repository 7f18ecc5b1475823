import assert from "node:assert/strict";
import test from "node:test";
import { type Change, type FactDraft, instantOf, type Outcome, parseTenantId, type TenantId } from "@hallpass/core";
import { RecentFacts } from "./recent-facts.ts";

const committed: Outcome = { kind: "committed", pos: { epoch: 1, seq: 0 }, at: instantOf(1) };

test("facts of committed changes get the places after the last one, and those of others get none", () => {
  const recent = new RecentFacts();
  const changes = [changeWith("a", "b"), changeWith("lost"), changeWith("c")];
  recent.add(changes, [committed, { kind: "conflict" }, committed], 0);
  recent.add([changeWith("d")], [committed], 3);
  assert.deepEqual(read(recent), ["1 a", "2 b", "3 c", "4 d"]);
  assert.deepEqual(read(recent, "2"), ["3 c", "4 d"]);
  assert.deepEqual(read(recent, "4"), []);
});

test("a page says whether another one follows", () => {
  const recent = new RecentFacts();
  recent.add([changeWith("a", "b", "c")], [committed], 0);
  assert.equal(recent.page({ tenant: tenant("home"), limit: 2 })?.more, true);
  assert.equal(recent.page({ tenant: tenant("home"), limit: 3 })?.more, false);
});

test("the facts of one tenant are not those of another", () => {
  const recent = new RecentFacts();
  recent.add([changeWith("a")], [committed], 0);
  assert.deepEqual(recent.page({ tenant: tenant("away"), limit: 2 }), { facts: [], more: false });
});

test("the file tells what happened before, what is asked of one session, and everything after a gap or a drop", () => {
  const recent = new RecentFacts();
  assert.equal(recent.page({ tenant: tenant("home"), limit: 2 }), undefined, "nothing is known yet");
  recent.add([changeWith("a")], [committed], 10);
  assert.equal(recent.page({ tenant: tenant("home"), limit: 2 }), undefined, "the first ten are not known");
  assert.equal(recent.page({ tenant: tenant("home"), after: "9", limit: 2 }), undefined);
  assert.deepEqual(read(recent, "10"), ["11 a"]);
  recent.add([changeWith("b")], [committed], 20);
  assert.equal(recent.page({ tenant: tenant("home"), after: "10", limit: 2 }), undefined, "others came in between");
  assert.deepEqual(read(recent, "20"), ["21 b"]);
  recent.forget();
  assert.equal(recent.page({ tenant: tenant("home"), after: "21", limit: 2 }), undefined);
  recent.add([changeWith("c")], [committed], 21);
  assert.deepEqual(read(recent, "21"), ["22 c"]);
});

test("a drop leaves what is remembered alone, unless it may have taken some of it", () => {
  const factsBefore = instantOf(1);
  const bounds = (kind: string, from: number, before: number): Parameters<RecentFacts["dropped"]>[0] => ({
    factsBefore,
    factsOf: [{ kind, from: instantOf(from), before: instantOf(before) }],
  });
  for (const [taken, given] of [
    [false, { factsBefore }],
    [true, { factsBefore: instantOf(2) }],
    [false, bounds("y", 0, 9)],
    [false, bounds("x", 0, 1)],
    [true, bounds("x", 1, 2)],
    [false, bounds("x", 2, 9)],
  ] as const) {
    const recent = new RecentFacts();
    recent.add([changeWith("a")], [committed], 0);
    recent.dropped(given);
    const page = recent.page({ tenant: tenant("home"), limit: 1 });
    assert.equal(page === undefined, taken, JSON.stringify(given));
  }
});

test("a batch that wrote no fact changes nothing, wherever it believes to be", () => {
  const recent = new RecentFacts();
  recent.add([changeWith("a")], [committed], 0);
  recent.add([changeWith()], [committed], 0);
  recent.add([changeWith("lost")], [{ kind: "conflict" }], 0);
  assert.deepEqual(read(recent), ["1 a"]);
});

test("only so many are remembered, and the oldest are forgotten first", () => {
  const recent = new RecentFacts();
  const many = 40_000;
  for (let n = 0; n < many; n += 1) recent.add([changeWith(`${n + 1}`)], [committed], n);
  assert.equal(recent.page({ tenant: tenant("home"), limit: 1 }), undefined);
  assert.deepEqual(read(recent, `${many - 1000}`).slice(0, 1), [`${many - 999} ${many - 999}`]);
});

test("what is no cursor is refused as the file would refuse it", () => {
  const recent = new RecentFacts();
  recent.add([changeWith("a")], [committed], 0);
  for (const after of ["", "0", "x", "1.5", "-1"])
    assert.throws(() => recent.page({ tenant: tenant("home"), after, limit: 1 }), RangeError);
});

function changeWith(...bodies: readonly string[]): Change {
  const at = instantOf(1);
  const facts = bodies.map((body): FactDraft => ({ tenant: tenant("home"), kind: "x", session: null, at, body }));
  return { attempt: "AAAAAAAAAAA", rows: [], notices: [], facts };
}

function read(recent: RecentFacts, after?: string): readonly string[] {
  const page = recent.page({ tenant: tenant("home"), limit: 10_000, ...(after !== undefined && { after }) });
  return page?.facts.map(({ cursor, body }) => `${cursor} ${body}`) ?? assert.fail("the file has to tell");
}

function tenant(name: string): TenantId {
  return parseTenantId(name) ?? assert.fail();
}
