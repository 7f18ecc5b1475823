// The written numbers. A test that has to be changed here means that sessions of a version 1 would disagree with their policy.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_ABSOLUTE, PROFILES } from "./profiles.ts";

const [MIN, HOUR, DAY] = [60, 3600, 86_400];

type Numbers = readonly [
  access: number,
  idle: number,
  absolute: number,
  retry: number,
  recovery: number,
  onReuse: string,
  refreshIsActivity: boolean,
  maxSessions: number,
  overLimit: string,
  requiredAcr: readonly string[],
];
const WRITTEN: Readonly<Record<string, Numbers>> = {
  consumer: [10 * MIN, 14 * DAY, 30 * DAY, 30, DAY, "session", true, 100, "evict_oldest", []],
  mobile: [10 * MIN, 30 * DAY, 180 * DAY, 30, 3 * DAY, "session", true, 50, "evict_oldest", []],
  workforce: [5 * MIN, 8 * HOUR, DAY, 30, DAY, "session", true, 20, "evict_oldest", []],
  service: [5 * MIN, HOUR, DAY, 30, HOUR, "session", true, 100, "refuse", []],
  agent: [5 * MIN, HOUR, 12 * HOUR, 30, HOUR, "family", true, 20, "refuse", []],
  aal2: [5 * MIN, HOUR, DAY, 30, HOUR, "session", false, 20, "evict_oldest", ["aal2", "aal3"]],
  aal3: [5 * MIN, 15 * MIN, 12 * HOUR, 30, 15 * MIN, "session", false, 5, "evict_oldest", ["aal3"]],
  fapi2: [5 * MIN, 7 * DAY, 90 * DAY, 30, DAY, "session", true, 20, "evict_oldest", []],
};

test("every profile has exactly its written numbers, as version 1 [POL-1]", () => {
  assert.deepEqual([...PROFILES.keys()].toSorted(), Object.keys(WRITTEN).toSorted());
  for (const policy of PROFILES.values()) {
    assert.equal(policy.version, 1);
    assert.equal(policy.rotation, "always");
    const numbers: Numbers = [
      policy.accessLifetime,
      policy.idle,
      policy.absolute,
      policy.retryWindow,
      policy.recoveryWindow,
      policy.onReuse,
      policy.refreshIsActivity,
      policy.maxSessions,
      policy.overLimit,
      policy.requiredAcr,
    ];
    assert.deepEqual(numbers, WRITTEN[policy.name], policy.name);
  }
});

test("only consumers can be remembered, and nobody for longer than any session may live [POL-1]", () => {
  for (const { name, remembered, absolute } of PROFILES.values()) {
    assert.deepEqual(remembered, name === "consumer" ? { idle: 30 * DAY, absolute: 90 * DAY } : null);
    assert.ok(Math.max(absolute, remembered?.absolute ?? 0) <= LONGEST_ABSOLUTE);
  }
});

test("the assurance profiles keep the times of NIST SP 800-63B-4 [POL-1]", () => {
  const [aal2, aal3] = [PROFILES.get("aal2"), PROFILES.get("aal3")];
  assert.ok(aal2 !== undefined && aal2.idle <= HOUR && aal2.absolute <= DAY);
  assert.ok(aal3 !== undefined && aal3.idle <= 15 * MIN && aal3.absolute <= 12 * HOUR);
});
