import assert from "node:assert/strict";
import test from "node:test";
import type { Instant, RowKey, SessionId, TenantId } from "@hallpass/core";
import { changesFromMessage, changesToMessage, type SentChange } from "./change-message.ts";

const tenant = "t" as TenantId;
const key = (id: string): RowKey => ({ tenant, kind: "session", id });

test("changes of every form arrive as they were sent", () => {
  const changes: readonly SentChange[] = [
    {
      attempt: "first",
      rows: [
        { key: key("a"), expect: "absent", next: { value: '"v"', expires: null, refs: [] } },
        { key: key("b"), expect: 0, next: { value: "", expires: 0 as Instant, refs: [key("x"), key("y")] } },
        { key: key("c"), expect: 7, next: "same" },
        { key: key("f"), expect: 8, next: { value: "v", expires: null }, refsStay: true },
        { key: key("d"), expect: 7, next: "gone" },
        { key: key("e"), expect: 1, next: { value: "v", expires: null, refs: [] }, raise: true },
      ],
      notices: [{ tenant, mark: "AAAAAAAAAAA", body: "{}", livesMs: 1, newEpoch: { above: { epoch: 1, seq: 2 } } }],
      facts: [
        { tenant, kind: "one", session: null, at: 5 as Instant, body: "{}" },
        { tenant, kind: "two", session: "s" as SessionId, at: 6 as Instant, body: "[]" },
      ],
    },
    {
      attempt: "second",
      rows: [],
      notices: [],
      facts: [{ tenant, kind: "k", session: null, at: 1 as Instant, body: "" }],
    },
  ];
  assert.deepEqual(changesFromMessage(structuredClone(changesToMessage(changes))), changes);
  assert.deepEqual(changesFromMessage(structuredClone(changesToMessage([]))), []);
});

test("a text that is that of the one before travels once, and one that differs in any place is not taken for it", () => {
  const [home, away] = ["home" as TenantId, "away" as TenantId];
  const same = (of: TenantId, kind: RowKey["kind"], id: string): SentChange["rows"][number] => ({
    key: { tenant: of, kind, id },
    expect: 1,
    next: "same",
  });
  const told = (of: TenantId, kind: string, session: string | null): SentChange["facts"][number] => ({
    tenant: of,
    kind,
    session: session as SessionId | null,
    at: 1 as Instant,
    body: "{}",
  });
  const places = [home, away].flatMap((of) => (["session", "client"] as const).map((kind) => ({ of, kind })));
  const changes: SentChange[] = [];
  for (const first of places) {
    for (const second of places) {
      for (const session of ["a", "b", null]) {
        const rows = [same(first.of, first.kind, "a"), same(second.of, second.kind, "b")];
        const facts = [told(first.of, first.kind, session), told(second.of, second.kind, "a")];
        changes.push({ attempt: "one", rows, notices: [], facts });
        changes.push({ attempt: "two", rows: [], notices: [], facts: facts.toReversed() });
      }
    }
  }
  const sent = changesToMessage(changes);
  assert.deepEqual(changesFromMessage(structuredClone(sent)), changes);
  assert.ok(sent.includes(true));
});
