// What the revocation journal keeps of a change, by what it touches.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Change, type NoticeDraft, ROW_KINDS, type RowChange, type RowKind } from "../store/store.ts";
import { TENANT } from "../testing/builders.ts";
import { isJournaled } from "./journaled-change.ts";

const NOTICE: NoticeDraft = { tenant: TENANT, mark: "AAAAAAAAAAA", body: '{"kind":"tenant"}', livesMs: 1 };

function touching(kind: RowKind, changes: Partial<RowChange> = {}): RowChange {
  return { key: { tenant: TENANT, kind, id: "one" }, expect: 1, next: { value: "x", expires: null }, ...changes };
}

function isKept(rows: readonly RowChange[], notices: readonly NoticeDraft[] = []): boolean {
  const change: Change = { attempt: "AAAAAAAAAAA", rows, notices, facts: [] };
  return isJournaled(change);
}

const kindsOf = (changes: Partial<RowChange>): readonly RowKind[] =>
  ROW_KINDS.filter((kind) => isKept([touching(kind, changes)]));

describe("a change without a notice", () => {
  it("is kept if it is about whom and what is trusted: a person, a client, keys, roles, a policy, and nothing else [JRN-2]", () => {
    const trusted = ["subject", "client", "keys", "issuer", "policy", "policy_version"];
    for (const next of [{ value: "x", expires: null }, "gone"] as const) {
      assert.deepEqual(kindsOf({ next }), trusted);
      assert.deepEqual(kindsOf({ next, expect: "absent" }), trusted);
    }
  });

  it("is kept wherever the row of such a kind stands in it, and not for one that it only compares [JRN-2]", () => {
    for (const rows of [
      [touching("verifier"), touching("keys")],
      [touching("keys"), touching("verifier")],
      [touching("client", { next: "same" }), touching("keys")],
      [touching("keys"), touching("client", { next: "same" })],
    ])
      assert.ok(isKept(rows));
    assert.deepEqual(kindsOf({ next: "same" }), []);
    assert.ok(!isKept([]));
  });

  it("is an opening if it makes a session's row, and not kept, though it writes its subject's [JRN-3]", () => {
    const opening = touching("session", { expect: "absent" });
    assert.ok(!isKept([opening, touching("subject")]));
    assert.ok(!isKept([touching("subject"), opening]));
    assert.ok(!isKept([touching("subject", { expect: "absent" }), opening]));
  });

  it("is no opening if it changes a session that is there, or makes a row of another kind [JRN-2] [JRN-3]", () => {
    assert.ok(isKept([touching("session"), touching("subject")]));
    assert.ok(isKept([touching("idempotency", { expect: "absent" }), touching("subject")]));
    assert.ok(!isKept([touching("session"), touching("idempotency", { expect: "absent" })]));
  });
});

describe("a change with a notice", () => {
  it("is kept whatever it touches, an opening that ends another session included [JRN-1]", () => {
    for (const kind of ROW_KINDS) assert.ok(isKept([touching(kind)], [NOTICE]));
    assert.ok(isKept([touching("session", { expect: "absent" }), touching("session")], [NOTICE]));
    assert.ok(isKept([], [NOTICE]));
  });
});
