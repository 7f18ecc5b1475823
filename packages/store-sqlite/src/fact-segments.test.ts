// Facts over the borders of segments: what is read of a session, what retention leaves, and a file of the release before.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import {
  type FactDraft,
  instantOf,
  parseSessionId,
  parseTenantId,
  type SessionId,
  type Store,
  type TenantId,
} from "@hallpass/core";
import { FACTS_PER_SEGMENT } from "./fact-log.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const SESSIONS = 7;
const STEP = 1000;
/** Two segments and a part of a third that is not indexed yet. */
const COUNT = FACTS_PER_SEGMENT * 2 + STEP;
/** A fact of no session, which stands in no index. */
const OF_NONE = 19;

test("a session's facts come whole and in order, page after page, from segments and from behind the last one", async (t) => {
  const { store } = await filled(t);
  for (let number = 0; number < SESSIONS; number += 1) {
    const expected = bodies().filter(isOf(number));
    for (const limit of [37, 10_000]) assert.deepEqual(await timeline(store, sessionOf(number), limit), expected);
  }
  // Another tenant's, and both ask for the other's session.
  const [other, foreign] = [tenantOf("other"), { ...factNumber("0"), session: sessionOf(SESSIONS) }];
  await store.commit([{ attempt: "AAAAAAAAAAA", rows: [], notices: [], facts: [{ ...foreign, tenant: other }] }]);
  assert.deepEqual(await timeline(store, sessionOf(SESSIONS), 10, other), ["0"]);
  assert.deepEqual(await timeline(store, sessionOf(SESSIONS), 10), []);
  assert.deepEqual(await timeline(store, sessionOf(0), 10, other), []);
});

test("facts that are older than the bound go, in steps, and nobody finds one of them by its session", async (t) => {
  const { store, file } = await filled(t);
  const steps = [1, STEP, FACTS_PER_SEGMENT - 1, FACTS_PER_SEGMENT, FACTS_PER_SEGMENT + 1, COUNT - 10, COUNT];
  for (const before of steps) {
    await dropAll(store, { factsBefore: instantOf(before) });
    const left = bodies().slice(before);
    assert.deepEqual(await timeline(store, undefined, 3000), left);
    assert.deepEqual(await timeline(store, sessionOf(0), 3000), left.filter(isOf(0)));
    assert.equal(counts(file)["fact_segments"], 2 - Math.min(2, Math.floor(before / FACTS_PER_SEGMENT)));
  }
  await store.close();
  assert.deepEqual(counts(file), { facts: 0, fact_index: 0, fact_segments: 0 }, "an empty segment goes with its index");
});

test("a step drops as many as it may, and from the beginning: what is left of a timeline has no hole", async (t) => {
  const { store } = await filled(t);
  const [limit, before] = [100, instantOf(COUNT)];
  const once = (what: Partial<Bounds>): Promise<unknown> =>
    store.drop({ horizon: instantOf(0), factsBefore: instantOf(0), limit, ...what });
  await once({ factsBefore: before });
  assert.deepEqual(await timeline(store, undefined, 3000), bodies().slice(limit));
  await once({ factsOf: [{ kind: "token_refreshed", from: instantOf(0), before }] });
  const left = bodies().filter(
    (body) => Number(body) >= limit && (Number(body) % 2 === 1 || Number(body) >= 3 * limit),
  );
  assert.deepEqual(await timeline(store, undefined, 3000), left);
});

test("what is dropped by its kind leaves nothing in the index, and a step looks through so much and no more", async (t) => {
  const { store, file } = await filled(t);
  const half = FACTS_PER_SEGMENT / 2;
  for (const [before, left] of [
    [FACTS_PER_SEGMENT, half + FACTS_PER_SEGMENT],
    [COUNT, half + half],
  ] as const) {
    await dropAll(store, { factsOf: [{ kind: "token_refreshed", from: instantOf(0), before: instantOf(before) }] });
    assert.equal(counts(file)["fact_index"], left - 1, "without the one of no session");
  }
  // Out of both at once, and of the second nothing is left.
  const rest = { kind: "session_opened", from: instantOf(10), before: instantOf(COUNT) };
  await dropAll(store, { factsOf: [rest], limit: COUNT });
  assert.deepEqual(counts(file), { facts: 5, fact_index: 5, fact_segments: 1 });
});

test("facts of one kind go by bounds of their own that move on, also out of segments that were looked through before", async (t) => {
  const { store } = await filled(t);
  const odd = (body: string): boolean => Number(body) % 2 === 1;
  const first = 3;
  let from = first;
  // The last of a segment is of this kind, too.
  for (const before of [10, FACTS_PER_SEGMENT - 1, FACTS_PER_SEGMENT * 2, COUNT]) {
    const factsOf = [{ kind: "session_opened", from: instantOf(from), before: instantOf(before) }];
    await dropAll(store, { factsOf });
    const left = bodies().filter((body) => !odd(body) || Number(body) < first || Number(body) >= before);
    assert.deepEqual(await timeline(store, undefined, 3000), left);
    from = before;
  }
  await dropAll(store, { factsBefore: instantOf(1) });
  assert.deepEqual((await timeline(store, undefined, 3000)).slice(0, 3), ["1", "2", "4"], "the oldest goes as before");
});

test("facts of one kind go out of more segments than a step looks through, and who asks for none comes to an end", async (t) => {
  const { store, file } = await filled(t, 2);
  await store.close();
  const last = FACTS_PER_SEGMENT * 12;
  copyUpTo(file, last);
  asOfTheReleaseBefore(file);
  const long = await open(file);
  t.after(() => long.close());
  const kind = "token_refreshed";
  const drop = (from: number, before: number): Promise<void> =>
    dropAll(long, { factsOf: [{ kind, from: instantOf(from), before: instantOf(before) }], limit: last });
  await drop(0, 1);
  assert.equal(counts(file)["facts"], last - 1);
  const from = FACTS_PER_SEGMENT * 2 + 1;
  await drop(from, last + 1);
  assert.equal(counts(file)["facts"], last - 1 - (last - from + 1) / 2);
});

test("a file of the release before shows the same facts, and goes on with segments", async (t) => {
  const { store, file } = await filled(t, FACTS_PER_SEGMENT + 1);
  await store.close();
  asOfTheReleaseBefore(file);
  const reopened = await open(file);
  t.after(() => reopened.close());
  assert.equal(counts(file)["fact_segments"], 2, "cut as new ones are: a step of retention looks through one");
  const expected = bodies(FACTS_PER_SEGMENT + 1).filter(isOf(3));
  assert.deepEqual(await timeline(reopened, sessionOf(3), 1000), expected);
  await append(reopened, FACTS_PER_SEGMENT + 1, FACTS_PER_SEGMENT + STEP);
  await reopened.close();
  // Opened with some that are in no segment yet.
  const again = await open(file);
  t.after(() => again.close());
  await append(again, FACTS_PER_SEGMENT + STEP, COUNT + 10);
  for (const session of [1, 3]) {
    const all = bodies(COUNT + 10).filter(isOf(session));
    assert.deepEqual(await timeline(again, sessionOf(session), 1000), all);
  }
  assert.equal(counts(file)["fact_segments"], 3);
});

type Bounds = Parameters<Store["drop"]>[0];

async function filled(t: TestContext, count = COUNT): Promise<{ readonly store: Store; readonly file: string }> {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-facts-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "hallpass.db");
  const store = await open(file);
  t.after(() => store.close());
  await append(store, 0, count);
  return { store, file };
}

function open(file: string): Promise<Store> {
  const clock = { now: () => instantOf(COUNT) };
  return openSqliteStore({ file, clock, dice: { bytes: (length) => new Uint8Array(length) } });
}

/** The fact with the body `n` happened at the millisecond n. */
async function append(store: Store, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += STEP) {
    const facts = bodies(Math.min(to, start + STEP))
      .slice(start)
      .map(factNumber);
    const [outcome] = await store.commit([{ attempt: "AAAAAAAAAAA", rows: [], notices: [], facts }]);
    assert.equal(outcome?.kind, "committed");
  }
}

function factNumber(body: string): FactDraft {
  const number = Number(body);
  const kind = number % 2 === 0 ? "token_refreshed" : "session_opened";
  const session = number === OF_NONE ? null : sessionOf(number % SESSIONS);
  return { tenant: tenantOf("home"), kind, session, at: instantOf(number), body };
}

function isOf(session: number): (body: string) => boolean {
  return (body) => Number(body) % SESSIONS === session && Number(body) !== OF_NONE;
}

function bodies(count = COUNT): readonly string[] {
  return Array.from({ length: count }, (_, number) => String(number));
}

function tenantOf(name: string): TenantId {
  const tenant = parseTenantId(name);
  assert.ok(tenant !== undefined);
  return tenant;
}

function sessionOf(number: number): SessionId {
  const id = parseSessionId(`0198c2f0-0000-7000-8000-${String(number).padStart(12, "0")}`);
  assert.ok(id !== undefined);
  return id;
}

async function timeline(
  store: Store,
  session: SessionId | undefined,
  limit: number,
  tenant = tenantOf("home"),
): Promise<readonly string[]> {
  const seen: string[] = [];
  let after: string | undefined;
  for (;;) {
    const query = { tenant, limit, ...(session && { session }), ...(after !== undefined && { after }) };
    const { facts, more } = await store.facts(query);
    seen.push(...facts.map(({ body }) => body));
    assert.ok(seen.length <= COUNT + STEP, "facts come again and again");
    after = facts.at(-1)?.cursor ?? after;
    if (!more) return seen;
  }
}

async function dropAll(store: Store, what: Partial<Bounds>): Promise<void> {
  const bounds = { horizon: instantOf(0), factsBefore: instantOf(0), limit: 1500, ...what };
  let steps = 0;
  while ((await store.drop(bounds)).more) assert.ok((steps += 1) <= COUNT / 10, "it never ends");
}

function counts(file: string): Readonly<Record<string, number>> {
  const db = new DatabaseSync(file, { readOnly: true });
  const names = ["facts", "fact_index", "fact_segments"];
  const counted = names.map((name) => [name, Number(db.prepare(`SELECT count(*) AS n FROM ${name}`).get()?.["n"])]);
  db.close();
  return Object.fromEntries(counted);
}

/** The first two facts again and again, at the milliseconds of their places. */
function copyUpTo(file: string, last: number): void {
  const db = new DatabaseSync(file);
  db.prepare(
    `WITH RECURSIVE n (place) AS (SELECT 3 UNION ALL SELECT place + 1 FROM n WHERE place < ?)
     INSERT INTO facts (place, tenant, kind, session, at, body)
     SELECT n.place, f.tenant, f.kind, f.session, n.place, f.body FROM n JOIN facts f ON f.place = 2 - n.place % 2`,
  ).run(last);
  db.close();
}

function asOfTheReleaseBefore(file: string): void {
  const db = new DatabaseSync(file);
  db.exec("DROP TABLE fact_segments; DROP TABLE fact_index; PRAGMA user_version = 1000");
  db.exec(
    "CREATE INDEX facts_of_session ON facts (session) WHERE session IS NOT NULL; CREATE INDEX facts_at ON facts (at)",
  );
  db.close();
}
