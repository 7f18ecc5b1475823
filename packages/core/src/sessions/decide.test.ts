// The table in decide.ts against the function: state × event × clock boundary.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClientId, FamilyId } from "../kernel/ids.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import { aFamily, aSession, at, FAMILY, START, WEB } from "../testing/builders.ts";
import { decide, ended, type SessionEvent } from "./decide.ts";
import { type Ended, foreseenEnd, type Session, stateAt } from "./session.ts";

const ENDED: Ended = { kind: "ended", reason: "revoked", at: at(10) };
const ABOVE: Ended = { kind: "ended", reason: "ancestor_ended", at: at(20) };

// Idle ends it at 100 s, absolute at 1,000 s.
const idle = aSession();
const busy = aSession({ lastActive: at(990_000) });
const over = aSession({ state: ENDED });
const OTHER = "BBBBBA" as FamilyId;
const half = aSession({ families: [aFamily(), aFamily({ id: OTHER, ended: "revoked" })] });

const states: readonly [title: string, session: Session, now: Instant, over: Ended["reason"] | null][] = [
  ["just opened", idle, START, null],
  ["one millisecond before its idle end", idle, at(99_999), null],
  ["at its idle end", idle, at(100_000), "idle"],
  ["one millisecond after its idle end", idle, at(100_001), "idle"],
  ["busy, one millisecond before its absolute end", busy, at(999_999), null],
  ["busy, at its absolute end", busy, at(1_000_000), "absolute"],
  ["busy, one millisecond after its absolute end", busy, at(1_000_001), "absolute"],
  ["ended", over, at(11), "revoked"],
  ["ended, and long past every other end", over, at(2_000_000), "revoked"],
  ["of which a family ended", half, START, null],
];

const events: readonly [title: string, event: SessionEvent, active: string][] = [
  ["refresh", { kind: "refresh", family: FAMILY, generation: 1, client: WEB, macKid: 1 }, "rotated"],
  ["end", { kind: "end", reason: "signed_out" }, "changed"],
  ["end_family", { kind: "end_family", family: FAMILY, reason: "revoked" }, "changed"],
  ["end_family of no family", { kind: "end_family", family: "CCCCCA" as FamilyId, reason: "revoked" }, "unknown"],
  ["alter", { kind: "alter", alteration: { acr: "aal2" } }, "changed"],
  ["alter nothing", { kind: "alter", alteration: { acr: null } }, "unchanged"],
  ["seen lately", { kind: "seen", at: at(9_999) }, "unchanged"],
  ["lapse", { kind: "lapse", end: null }, "unchanged"],
  ["lapse with the end of what it hangs on", { kind: "lapse", end: ABOVE }, "changed"],
];

describe("state × event × clock boundary", () => {
  for (const [state, session, now, reason] of states) {
    for (const [name, event, active] of events) {
      const kind = expectedKind(session, event, reason, active);
      it(`${state}: ${name} is ${kind}`, () => assert.equal(decide(session, event, now).kind, kind));
    }
  }
});

function expectedKind(session: Session, event: SessionEvent, reason: string | null, active: string): string {
  if (event.kind === "lapse" && session.state.kind === "ended") return "unchanged";
  if (event.kind === "lapse") return reason === null && event.end === null ? "unchanged" : "changed";
  if (reason === null) return active;
  return event.kind === "refresh" ? "ended" : "over";
}

describe("what an event makes of a session", () => {
  it("ending stamps reason and time, and keeps everything else", () => {
    const ruling = decide(idle, { kind: "end", reason: "signed_out" }, at(5));
    assert.deepEqual(ruling, {
      kind: "changed",
      next: { ...idle, state: { kind: "ended", reason: "signed_out", at: at(5) } },
    });
  });

  it("what is over says when and why, and can't be ended again", () => {
    assert.deepEqual(decide(over, { kind: "end", reason: "signed_out" }, at(50)), { kind: "over", end: ENDED });
    assert.deepEqual(decide(idle, { kind: "end", reason: "signed_out" }, at(200_000)), {
      kind: "over",
      end: { kind: "ended", reason: "idle", at: at(100_000) },
    });
  });

  it("what is over is not ended anew, whether it is written down yet or not", () => {
    assert.equal(ended(aSession({ state: { kind: "ended", reason: "idle", at: at(5) } }), "revoked", at(6)), undefined);
    assert.equal(ended(aSession(), "revoked", foreseenEnd(aSession())), undefined);
    const next = ended(aSession(), "revoked", at(6));
    assert.deepEqual(next?.state, { kind: "ended", reason: "revoked", at: at(6) });
  });

  it("ending a family leaves the others and the session as they are", () => {
    const two = aSession({ families: [aFamily(), aFamily({ id: OTHER })] });
    const ruling = decide(two, { kind: "end_family", family: OTHER, reason: "revoked" }, at(5));
    assert.ok(ruling.kind === "changed");
    assert.deepEqual(ruling.next, { ...two, families: [aFamily(), aFamily({ id: OTHER, ended: "revoked" })] });
    assert.deepEqual(decide(ruling.next, { kind: "end_family", family: OTHER, reason: "reuse" }, at(6)), {
      kind: "unchanged",
    });
  });

  it("a lapse writes the derived end as it was, not as late as it is noticed", () => {
    const ruling = decide(idle, { kind: "lapse", end: null }, at(900_000));
    assert.ok(ruling.kind === "changed");
    assert.deepEqual(ruling.next.state, { kind: "ended", reason: "idle", at: at(100_000) });
  });

  it("where idle and absolute end fall together it is the absolute one", () => {
    const both = aSession({ lastActive: at(900_000) });
    assert.deepEqual(stateAt(both, foreseenEnd(both)), { kind: "ended", reason: "absolute", at: at(1_000_000) });
  });
});

describe("an alteration", () => {
  const alter = (session: Session, alteration: Extract<SessionEvent, { kind: "alter" }>["alteration"]) =>
    decide(session, { kind: "alter", alteration }, START);

  it("narrows every family to what it has in common with the scope, and widens none [R-13]", () => {
    const two = aSession({ families: [aFamily(), aFamily({ id: OTHER, scope: ["read"] })] });
    const ruling = alter(two, { scope: ["write", "admin"] });
    assert.ok(ruling.kind === "changed");
    assert.deepEqual(
      ruling.next.families.map((family) => family.scope),
      [["write"], []],
    );
  });

  it("sets what it names, to null too, and leaves what it does not", () => {
    const session = aSession({ acr: "aal1", amr: ["pwd"], authTime: 7, claims: { plan: "free" } });
    const ruling = alter(session, { acr: null, claims: {} });
    assert.ok(ruling.kind === "changed");
    assert.deepEqual(ruling.next, { ...session, acr: null, claims: {} });
  });

  it("that says what is true already changes nothing", () => {
    const session = aSession({ acr: "aal1", amr: ["pwd"], claims: { plan: "free" } });
    for (const alteration of [
      {},
      { acr: "aal1" },
      { amr: ["pwd"] },
      { claims: { plan: "free" } },
      { scope: ["write", "read", "more"] },
    ])
      assert.deepEqual(alter(session, alteration), { kind: "unchanged" });
  });
});

describe("activity that was seen", () => {
  const seen = (ms: number, now: Instant, session = idle) => decide(session, { kind: "seen", at: at(ms) }, now);

  for (const [ms, kind] of [
    [9_999, "unchanged"],
    [10_000, "changed"],
    [10_001, "changed"],
  ] as const) {
    it(`${ms} ms after the last, of an idle time of 100 s, is ${kind} [CONN-7]`, () => {
      assert.equal(seen(ms, at(50_000)).kind, kind);
    });
  }

  it("never lies beyond now [CONN-7]", () => {
    const ruling = seen(90_000, at(20_000));
    assert.ok(ruling.kind === "changed");
    assert.equal(ruling.next.lastActive, at(20_000));
  });

  it("never moves back [CONN-7]", () => {
    assert.deepEqual(seen(0, at(60_000), aSession({ lastActive: at(50_000) })), { kind: "unchanged" });
  });

  it("revives nothing that is over [CONN-7]", () => {
    assert.equal(seen(99_000, at(100_000)).kind, "over");
  });
});

it("deciding twice on the same gives the same, and changes neither session nor event", () => {
  for (const [, session, now] of states) {
    for (const [, event] of events) {
      const before = structuredClone([session, event]);
      assert.deepEqual(decide(session, event, now), decide(session, event, now));
      assert.deepEqual([session, event], before);
    }
  }
  assert.equal(
    decide(
      idle,
      { kind: "refresh", family: FAMILY, generation: 1, client: "evil" as ClientId, macKid: 1 },
      afterMs(START, 1),
    ).kind,
    "misbound",
  );
});
