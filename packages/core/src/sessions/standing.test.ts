// What stands above a session, and which end of several is its own: the earliest.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clientKey, clientToRow } from "../clients/client-row.ts";
import { type Instant, instantOf } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import type { Row, RowKey, Snapshot } from "../store/store.ts";
import { aClient, aFamily, aRow, aSession, at, sessionId, TENANT, WEB } from "../testing/builders.ts";
import type { Session } from "./session.ts";
import { sessionKey, sessionToRow } from "./session-row.ts";
import { familyStanding, KEPT_AFTER_END, standingOf } from "./standing.ts";
import { NO_SESSIONS, subjectKey, subjectToRow } from "./subject.ts";

const PARENT = sessionId("019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e11");
const BORN = { epoch: 1, seq: 10 };
const AFTER = { epoch: 1, seq: 11 };
const session = aSession({ born: BORN });

function snapshotOf(clock: Instant, ...rows: readonly Row[]): Snapshot {
  const nameOf = ({ tenant, kind, id }: RowKey): string => [tenant, kind, id].join(" ");
  const byName = new Map(rows.map((row) => [nameOf(row.key), row]));
  return {
    get: (key) => byName.get(nameOf(key)),
    has: () => true,
    head: { pos: { epoch: 1, seq: 20 }, mark: "" },
    clock,
  };
}

function subjectRow(raisedAt: Instant | null, notBefore = AFTER): Row {
  return { ...aRow(subjectKey(TENANT, session.subject), subjectToRow(NO_SESSIONS)), notBefore, raisedAt };
}

function ringRow(raisedAt: Instant | null, notBefore: Row["notBefore"] = AFTER): Row {
  return { ...aRow(ringKey(TENANT), { value: "", expires: null }), notBefore, raisedAt };
}

function parentRow(changes: Partial<Session> = {}): Row {
  const parent = aSession({ id: PARENT, ...changes });
  return aRow(sessionKey(parent), sessionToRow(parent, KEPT_AFTER_END));
}

const endedAt = (ms: number, reason: "signed_out" | "subject_revoked" | "tenant_revoked" | "ancestor_ended") =>
  ({ kind: "ended", reason, at: at(ms) }) as const;

describe("a session stands", () => {
  it("while nothing above it is over, and whatever was taken before it was opened", () => {
    const now = at(50);
    assert.deepEqual(standingOf(session, snapshotOf(now)), { kind: "active" });
    assert.deepEqual(standingOf(session, snapshotOf(now, subjectRow(at(1), BORN), ringRow(at(1), BORN))), {
      kind: "active",
    });
    assert.deepEqual(standingOf(session, snapshotOf(now, ringRow(null, null))), { kind: "active" });
    const child = aSession({ ancestors: [PARENT] });
    assert.deepEqual(standingOf(child, snapshotOf(now, parentRow())), { kind: "active" });
  });

  it("no longer once its subject or its tenant is cut off, since the cut-off or, where no time is kept, now", () => {
    const now = at(50);
    assert.deepEqual(standingOf(session, snapshotOf(now, subjectRow(at(7)))), endedAt(7, "subject_revoked"));
    assert.deepEqual(standingOf(session, snapshotOf(now, ringRow(at(7)))), endedAt(7, "tenant_revoked"));
    assert.deepEqual(standingOf(session, snapshotOf(now, ringRow(null))), endedAt(50, "tenant_revoked"));
  });

  it("no longer below one that is over, or is gone", () => {
    const now = at(50);
    const child = aSession({ ancestors: [PARENT] });
    const over = parentRow({ state: endedAt(9, "signed_out") });
    assert.deepEqual(standingOf(child, snapshotOf(now, over)), endedAt(9, "ancestor_ended"));
    assert.deepEqual(standingOf(child, snapshotOf(now)), endedAt(50, "ancestor_ended"));
  });

  it("until the earliest of its ends, and of two at one instant until the one that is nearer to it", () => {
    const now = at(50);
    const own = { ...session, state: endedAt(10, "signed_out") };
    for (const [ms, expected] of [
      [9, endedAt(9, "subject_revoked")],
      [10, endedAt(10, "signed_out")],
      [11, endedAt(10, "signed_out")],
    ] as const)
      assert.deepEqual(standingOf(own, snapshotOf(now, subjectRow(at(ms)))), expected, String(ms));
    const both = snapshotOf(now, subjectRow(at(9)), ringRow(at(8)));
    assert.deepEqual(standingOf(own, both), endedAt(8, "tenant_revoked"));
    assert.deepEqual(
      standingOf(session, snapshotOf(now, subjectRow(at(8)), ringRow(at(9)))),
      endedAt(8, "subject_revoked"),
    );
  });
});

describe("a family stands", () => {
  const family = aFamily({ client: WEB, born: BORN });
  const over = { kind: "ended", reason: "client_revoked", at: at(50) };
  const clientRow = (changes: Parameters<typeof aClient>[0], notBefore: Row["notBefore"] = null): Row => ({
    ...aRow(clientKey(TENANT, WEB), clientToRow(aClient(changes))),
    notBefore,
  });
  const standing = (...rows: readonly Row[]) => familyStanding(session, family, snapshotOf(at(50), ...rows));

  it("while its client is active and was not cut off after the family was made", () => {
    assert.equal(standing(clientRow({})), undefined);
    assert.equal(standing(clientRow({}, BORN)), undefined);
  });

  it("no longer once its client is cut off, disabled or gone", () => {
    assert.deepEqual(standing(clientRow({}, AFTER)), over);
    assert.deepEqual(standing(clientRow({ status: "disabled" })), over);
    assert.deepEqual(standing(), over);
  });
});

it("the timeline of an ended session can be asked for through thirty days", () => {
  assert.equal(KEPT_AFTER_END, instantOf(2_592_000_000));
});
