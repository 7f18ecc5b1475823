// Which sessions a large revocation and a client's cut-off mean.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { aFamily, aSession, at, START, WEB } from "../testing/builders.ts";
import { clientScope, isLostTo, largeScope } from "./large-scope.ts";

const SKEW = 5;

/** The least id of a session that was opened then. */
function idAt(ms: number): string {
  const digits = at(ms).toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}

test("a time means what was opened before it and the skew, and nothing is looked at beyond [NOT-8]", () => {
  const { means, first, isBeyond } = largeScope({ kind: "before", time: START }, null, null, SKEW);
  assert.deepEqual(
    [4999, 5000].map((ms) => [means(aSession({ opened: at(ms) })), isBeyond(idAt(ms))]),
    [
      [true, false],
      [false, true],
    ],
  );
  assert.equal(first, undefined);
});

test("a query's times bound the sessions that are looked at, on both sides [RCP-11]", () => {
  const query = { opened: { from: at(1000), before: at(2000) } };
  const { first, isBeyond } = largeScope({ kind: "query", query }, null, null, SKEW);
  assert.ok(first !== undefined && first < idAt(1000) && first > idAt(999));
  assert.deepEqual([isBeyond(idAt(1999)), isBeyond(idAt(2000))], [false, true]);
});

test("a position and a tenant bound nothing by time [RCP-11]", () => {
  for (const target of [{ kind: "tenant" }, { kind: "before", pos: { epoch: 1, seq: 1 } }] as const) {
    const { first, isBeyond } = largeScope(target, null, null, SKEW);
    assert.deepEqual([first, isBeyond(idAt(1e9))], [undefined, false]);
  }
});

test("what was born at a run's beginning or after it is outside [NOT-7]", () => {
  const { means } = largeScope({ kind: "tenant" }, { epoch: 1, seq: 5 }, afterMs(START, 0), SKEW);
  const born = [4, 5, 6].map((seq) => means(aSession({ born: { epoch: 1, seq } })));
  assert.deepEqual(born, [true, false, false]);
});

test("a client's cut-off took a family of it that lived, born before it and not before an earlier one [RCP-16]", () => {
  const IOS = "ios" as ClientId;
  const clients = [
    { id: WEB, cut: { epoch: 1, seq: 3 } },
    { id: IOS, cut: null },
  ];
  const isLost = isLostTo(clients, { epoch: 1, seq: 5 });
  const born = (client: ClientId, seq: number) => isLost(aFamily({ client, born: { epoch: 1, seq } }));
  assert.deepEqual(
    [2, 3, 4, 5].map((seq) => born(WEB, seq)),
    [false, true, true, false],
  );
  assert.deepEqual(
    [2, 4, 5].map((seq) => born(IOS, seq)),
    [true, true, false],
  );
  assert.equal(born("other" as ClientId, 4), false);
  assert.equal(isLost(aFamily({ born: { epoch: 1, seq: 4 }, ended: "revoked" })), false);
});

test("a session that lost one of its families to a client's cut-off is meant, wherever it stands [RCP-16]", () => {
  const { means, first, isBeyond } = clientScope([{ id: WEB, cut: null }], { epoch: 1, seq: 5 });
  const other = aFamily({ client: "other" as ClientId });
  assert.deepEqual(
    [means(aSession({ families: [other, aFamily()] })), means(aSession({ families: [other] }))],
    [true, false],
  );
  assert.deepEqual([first, isBeyond(idAt(1e9))], [undefined, false]);
});
