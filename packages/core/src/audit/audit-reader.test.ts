// What of a fact is chained, and what stands beside the chain.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Issuer } from "../kernel/issuer.ts";
import { sessionKey, sessionToRow } from "../sessions/session-row.ts";
import type { Snapshot, StoredFact } from "../store/store.ts";
import { aRow, aSession, at, fixedDice, SID, START, TENANT } from "../testing/builders.ts";
import { auditReader, chainEnd } from "./audit-reader.ts";
import { blockFromRow, checkpointFromRow, personsFromRow } from "./audit-row.ts";
import { commitmentTo } from "./chain.ts";

const issuer: Issuer = {
  tenant: TENANT,
  url: "https://auth.example",
  skew: 5,
  maxTokenLifetime: 600,
  longestToken: 600,
  salt: new Uint8Array(16),
};
const { prepare } = auditReader({ issuer, kept: 1000, without: new Set(["refresh_refused"]) });
const key = sessionKey({ tenant: TENANT, id: SID });
const row = aRow(key, sessionToRow(aSession(), 1000));

function aSnapshot(rows = [row]): Snapshot {
  return {
    has: () => true,
    get: (asked) => rows.find((one) => one.key.kind === asked.kind && one.key.id === asked.id),
    head: { pos: { epoch: 1, seq: 0 }, mark: "AAAAAAAAAAA" },
    clock: START,
  };
}

function aFact(body: unknown, changes: Partial<StoredFact> = {}): StoredFact {
  const kind = "session_changed";
  return { cursor: "1", tenant: TENANT, session: null, at: START, kind, body: JSON.stringify(body), ...changes };
}

function chained(facts: readonly StoredFact[], snapshot = aSnapshot()) {
  const prepared = prepare?.(facts, fixedDice("audit"));
  assert.ok(prepared !== undefined);
  const { rows, progress } = prepared.write(null, snapshot);
  const read = rows.map(({ key: of, next }) => {
    assert.ok(typeof next === "object");
    assert.equal(next.expires, at(1000));
    return aRow(of, { value: next.value, expires: START });
  });
  const [block, persons] = ["audit", "audit_persons"].map((kind) => read.find((one) => one.key.kind === kind));
  const records = block === undefined ? [] : blockFromRow(block).records.map(({ entry }) => JSON.parse(entry));
  return { keys: prepared.keys, records, persons: personsFromRow(persons), tables: read.length, progress };
}

describe("the audit's reader", () => {
  it("takes every name of a person out of a record, and chains what commits to it [AUD-5]", () => {
    const names = { actor: "ops", subject: "u-81", ip: "192.0.2.1", user_agent: "browser", device: "phone" };
    const { records, persons } = chained([aFact({ ...names, kept: "this", by: { actor: "anna", client: "web" } })]);
    const [record] = records;
    assert.deepEqual(record.body, { kept: "this", by: { client: "web" } });
    assert.deepEqual(Object.fromEntries(persons.map(({ name, value }) => [name, value])), { ...names, by: "anna" });
    assert.deepEqual(record.persons, Object.fromEntries(persons.map((one) => [one.name, commitmentTo(one)])));
    assert.equal(new Set(persons.map(({ salt }) => salt)).size, persons.length);
  });

  it("leaves everything else of a body as it is, and writes no persons where there are none [AUD-5]", () => {
    const body = { actor: null, device: 7, by: null, more: { actor: "a word" }, list: ["x"] };
    const { records, persons, tables } = chained([aFact(body)]);
    assert.deepEqual([records[0].body, records[0].persons, persons, tables], [body, {}, [], 1]);
    const nobody = { by: { client: "web" } };
    assert.deepEqual(chained([aFact(nobody)]).persons, []);
    const listed = { by: ["x"] };
    assert.deepEqual(chained([aFact(listed)]).records[0].body, listed);
  });

  it("reads the subject of a session that is opened, and of nothing else, as long as its row is there [AUD-5]", () => {
    const opened = aFact({}, { kind: "session_opened", session: SID });
    const known = chained([opened]);
    assert.deepEqual(known.keys, [key]);
    assert.deepEqual(
      known.persons.map(({ n, name, value }) => [n, name, value]),
      [[1, "subject", "u-81"]],
    );
    assert.deepEqual(chained([opened], aSnapshot([])).persons, []);
    for (const other of [aFact({}, { session: SID }), aFact({}, { kind: "session_opened" })]) {
      const { keys, persons } = chained([other]);
      assert.deepEqual([keys, persons], [[], []]);
    }
  });

  it("chains no kind that it is told to leave out, and takes no body that is no object", () => {
    const left = chained([aFact({}, { kind: "refresh_refused" })]);
    assert.deepEqual([left.tables, left.progress], [0, null]);
    const both = chained([aFact({}, { kind: "refresh_refused" }), aFact({}), aFact({})]);
    assert.deepEqual(
      both.records.map(({ n }) => n),
      [1, 2],
    );
    assert.equal(chainEnd(issuer, both.progress).n, 2);
    for (const body of [null, [], "text", 5]) assert.throws(() => chained([aFact(body)]), TypeError);
  });

  it("reads no row of a layout from after this release", () => {
    const later = { ...row, key: { ...key, id: "1" }, value: JSON.stringify({ layout: 2 }) };
    for (const read of [blockFromRow, personsFromRow, checkpointFromRow]) assert.throws(() => read(later), Error);
  });
});
