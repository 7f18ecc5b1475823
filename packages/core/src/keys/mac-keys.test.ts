import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { after, afterMs, type Instant, instantOf, secondsOf } from "../kernel/time.ts";
import { KEY_POLICY } from "./key-policy.ts";
import { firstMacKeySet, followingMacKid, type MacKeySet, rotateMacKeys } from "./mac-keys.ts";

const BEGIN = instantOf(1_764_000_000_000);
const first = firstMacKeySet({ kid: 1, sealed: "sealed 1" }, BEGIN);

function rotated(set: MacKeySet, now: Instant, policy = KEY_POLICY): MacKeySet {
  const kid = followingMacKid(set);
  const ruling = rotateMacKeys(set, { kid, sealed: `sealed ${kid}` }, now, policy);
  assert.ok(ruling.kind === "changed");
  return ruling.next;
}

describe("MAC keys", () => {
  it("rotate when the current one has made tokens for its time, and not before", () => {
    const due = after(BEGIN, KEY_POLICY.macRotateEvery);
    const fresh = { kid: 2, sealed: "sealed 2" };
    assert.equal(rotateMacKeys(first, fresh, afterMs(due, -1), KEY_POLICY).kind, "unchanged");
    for (const now of [due, afterMs(due, 1)]) {
      const ruling = rotateMacKeys(first, fresh, now, KEY_POLICY);
      assert.ok(ruling.kind === "changed");
      assert.deepEqual(ruling.facts, [{ kind: "mac_key_created", kid: 2 }]);
      assert.deepEqual(ruling.next, {
        current: { kid: 2, sealed: "sealed 2", createdAt: now },
        older: [{ kid: 1, sealed: "sealed 1", createdAt: BEGIN, keepUntil: after(now, KEY_POLICY.macKeep) }],
      });
    }
  });

  it("ignore a fresh key that another node was faster than", () => {
    const now = after(BEGIN, KEY_POLICY.macRotateEvery);
    assert.equal(rotateMacKeys(first, { kid: 3, sealed: "sealed 3" }, now, KEY_POLICY).kind, "unchanged");
    assert.equal(rotateMacKeys(rotated(first, now), { kid: 2, sealed: "other" }, now, KEY_POLICY).kind, "unchanged");
  });

  it("keep every older key while its number is not needed [RT-3]", () => {
    let set = first;
    let now = BEGIN;
    for (let turn = 0; turn < 254; turn += 1) {
      now = after(now, KEY_POLICY.macRotateEvery);
      set = rotated(set, now);
    }
    assert.deepEqual([set.current.kid, set.older.length], [255, 254]);
  });

  it("start again at 1 after 255, only when no session can need the key of that number any more", () => {
    const policy = { ...KEY_POLICY, macRotateEvery: secondsOf(1), macKeep: secondsOf(1000) };
    let set = first;
    let now = BEGIN;
    for (let turn = 0; turn < 254; turn += 1) {
      now = after(now, policy.macRotateEvery);
      set = rotated(set, now, policy);
    }
    const gone = after(BEGIN, secondsOf(1 + 1000));
    const fresh = { kid: 1, sealed: "sealed again" };
    assert.equal(followingMacKid(set), 1);
    assert.equal(rotateMacKeys(set, fresh, afterMs(gone, -1), policy).kind, "unchanged");
    const ruling = rotateMacKeys(set, fresh, gone, policy);
    assert.ok(ruling.kind === "changed");
    assert.deepEqual(ruling.facts, [
      { kind: "mac_key_removed", kid: 1 },
      { kind: "mac_key_created", kid: 1 },
    ]);
    const kids = [ruling.next.current, ...ruling.next.older].map((key) => key.kid);
    assert.deepEqual([kids.length, new Set(kids).size], [255, 255]);
    assert.equal(ruling.next.current.sealed, "sealed again");
  });
});
