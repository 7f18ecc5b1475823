import assert from "node:assert/strict";
import { test } from "node:test";
import { secondsOf } from "../kernel/time.ts";
import { aPolicy, aSession, aSessionPolicy, at, sessionId } from "../testing/builders.ts";
import { endedBy, rebase } from "./rebase.ts";

// Idle 100 s, absolute 1,000 s.
const session = aSession({ policy: aSessionPolicy() });

test("a session under other numbers is told whether its absolute end came nearer, and the same numbers are no change", () => {
  assert.deepEqual(rebase(session, aPolicy(), false), { kind: "untouched" });
  for (const [absolute, shortened] of [
    [999, true],
    [1001, false],
  ] as const) {
    const rebased = rebase(session, aPolicy({ absolute: secondsOf(absolute) }), false);
    assert.ok(rebased.kind === "applied");
    assert.deepEqual([rebased.next.policy.absolute, rebased.shortened], [absolute, shortened]);
  }
  const sameEnd = rebase(session, aPolicy({ idle: secondsOf(50) }), false);
  assert.ok(sameEnd.kind === "applied" && !sameEnd.shortened);
});

test("a child gets no longer life than it has, and a public client's tokens rotate whatever the policy says", () => {
  const child = aSession({ policy: aSessionPolicy(), ancestors: [sessionId("019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e11")] });
  const policy = aPolicy({ absolute: secondsOf(5000), rotation: "off", idle: secondsOf(7) });
  for (const [isPublic, rotation] of [
    [true, "always"],
    [false, "off"],
  ] as const) {
    const rebased = rebase(child, policy, isPublic);
    assert.ok(rebased.kind === "applied");
    assert.deepEqual([rebased.next.policy.absolute, rebased.next.policy.rotation], [1000, rotation]);
  }
});

test("a policy ends a session by its times first, then by the assurance that it asks for, and none of another policy", () => {
  const idle = aPolicy({ idle: secondsOf(10) });
  assert.deepEqual([endedBy(session, idle, at(9_999)), endedBy(session, idle, at(10_000))], [null, "lifetime"]);
  const mfa = aPolicy({ requiredAcr: ["mfa"] });
  assert.equal(endedBy({ ...session, acr: "mfa" }, mfa, at(1)), null);
  assert.equal(endedBy({ ...session, acr: "pwd" }, mfa, at(1)), "acr");
  assert.equal(endedBy({ ...session, acr: null }, mfa, at(1)), "acr");
  assert.equal(endedBy({ ...session, acr: "pwd" }, { ...mfa, name: "other" }, at(1)), null);
});
