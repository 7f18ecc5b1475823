import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import { instantOf, secondsOf } from "../kernel/time.ts";
import { aFamily, aSession, aSessionPolicy, sessionId, WEB } from "../testing/builders.ts";
import type { Session } from "./session.ts";
import { firstIdOf, idIsBeyond, queryMatcher, type SessionQuery, type TimeRange } from "./session-query.ts";

const IOS = "ios" as ClientId;
const DEVICE = { name: "Ada's phone", userAgent: "Mozilla/5.0 (iPhone)", ip: "10.1.2.3", region: "eu" };
const session = aSession({
  subject: "u-81" as SubjectId,
  families: [aFamily({ client: WEB }), aFamily({ client: IOS })],
  device: DEVICE,
  acr: "mfa",
  opened: instantOf(1000),
  lastActive: instantOf(5000),
});

function range(from: number | null, before: number | null): TimeRange {
  const or = (ms: number | null) => (ms === null ? null : instantOf(ms));
  return { from: or(from), before: or(before) };
}

const means = (query: SessionQuery, one: Session = session, asOf: number | null = null): boolean =>
  queryMatcher(query, asOf === null ? null : instantOf(asOf))(one);

describe("a session is meant", () => {
  const members: readonly [query: SessionQuery, is: boolean][] = [
    [{}, true],
    [{ subject: "u-81" as SubjectId }, true],
    [{ subject: "u-8" as SubjectId }, false],
    [{ client: WEB }, true],
    [{ client: IOS }, true],
    [{ client: "tv" as ClientId }, false],
    [{ region: "eu" }, true],
    [{ region: "e" }, false],
    [{ ip: "10.1.2.0/24" }, true],
    [{ ip: "10.1.3.0/24" }, false],
    [{ device: "Ada's phone" }, true],
    [{ device: "ada's phone" }, false],
    [{ userAgent: "Mozilla/5.0 (iPhone)" }, true],
    [{ userAgent: "Mozilla/5.0" }, false],
    [{ userAgentHas: "IPHONE" }, true],
    [{ userAgentHas: "android" }, false],
    [{ acr: "mfa" }, true],
    [{ acr: "pwd" }, false],
    [{ subject: "u-81" as SubjectId, acr: "pwd" }, false],
  ];
  for (const [query, is] of members) {
    it(`${is ? "by" : "not by"} ${JSON.stringify(query)}`, () => assert.equal(means(query), is));
  }

  it("by nothing of a device when it has none, or one that does not say", () => {
    const silent = { name: null, userAgent: null, ip: null };
    for (const query of [
      { region: "eu" },
      { ip: "0.0.0.0/0" },
      { device: "x" },
      { userAgent: "x" },
      { userAgentHas: "" },
    ])
      for (const device of [null, silent]) assert.equal(means(query, { ...session, device }), false);
  });

  it("from the first instant of a range on, and before the second", () => {
    for (const [from, before, is] of [
      [null, null, true],
      [1000, null, true],
      [1001, null, false],
      [null, 1000, false],
      [null, 1001, true],
      [1000, 1001, true],
      [999, 1000, false],
      [1001, 1002, false],
    ] as const)
      assert.equal(means({ opened: range(from, before) }), is, `opened ${from} ${before}`);
    for (const [from, before, is] of [
      [5000, 5001, true],
      [5001, null, false],
      [null, 5000, false],
    ] as const)
      assert.equal(means({ lastActive: range(from, before) }), is, `active ${from} ${before}`);
  });

  it("as of an instant by what is known of it then, when it was active since", () => {
    const rotated = (...times: readonly number[]): Session => ({
      ...session,
      families: [aFamily({ superseded: times.map((ms, index) => ({ generation: 9 - index, at: instantOf(ms) })) })],
    });
    const one = rotated(4000, 3000, 2000);
    // Before 3,500 the last that is known is 3,000, and it may have been active at any time until 3,499.
    for (const [from, before, is] of [
      [3499, null, true],
      [3500, null, false],
      [null, 3000, false],
      [null, 3001, true],
    ] as const)
      assert.equal(means({ lastActive: range(from, before) }, one, 3500), is, `${from} ${before}`);
    assert.equal(means({ lastActive: range(null, 2001) }, one, 3000), true, "what happens at the instant is after it");
    assert.equal(means({ lastActive: range(null, 2000) }, one, 3000), false);
    // Nothing is remembered: any time since it was opened.
    assert.equal(means({ lastActive: range(null, 1001) }, rotated(), 3500), true);
    assert.equal(means({ lastActive: range(null, 1000) }, rotated(), 3500), false);
    // Where a refresh is no activity its rotations say nothing.
    const policy = aSessionPolicy({ refreshIsActivity: false, idle: secondsOf(1000) });
    assert.equal(means({ lastActive: range(null, 1001) }, { ...one, policy }, 3500), true);
    // What was active last before the instant is known exactly, at the instant itself it is not.
    assert.equal(means({ lastActive: range(4000, 5000) }, one, 5001), false);
    assert.equal(means({ lastActive: range(4000, 5000) }, one, 5000), true);
    assert.equal(means({ lastActive: range(5000, null) }, one, 5000), false);
  });

  it("by no address that is none: that was parsed before", () => {
    assert.throws(() => queryMatcher({ ip: "10.1.2" }), Error);
  });
});

describe("a list", () => {
  const idAt = (ms: number): string => {
    const digits = ms.toString(16).padStart(12, "0");
    return sessionId(`${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`);
  };

  it("begins right before the first that was opened in the range, and from the start without one", () => {
    const from = 1_764_000_000_000;
    const first = firstIdOf({ opened: range(from, null) }) ?? "";
    assert.equal(first < idAt(from), true);
    assert.equal(first > idAt(from - 1), true);
    assert.equal(firstIdOf({ opened: range(1, null) }), "00000000-0000-7fff-bfff-ffffffffffff");
    assert.equal(firstIdOf({ opened: range(0, null) }), undefined);
    for (const query of [{}, { opened: range(null, from) }]) assert.equal(firstIdOf(query), undefined);
  });

  it("ends at the first that was opened when the range is over", () => {
    const before = 1_764_000_000_000;
    const query = { opened: range(null, before) };
    assert.deepEqual(
      [before - 1, before, before + 1, 1, 2 ** 43].map((ms) => idIsBeyond(idAt(ms), query)),
      [false, true, true, false, true],
    );
    for (const open of [{}, { opened: range(before, null) }]) assert.equal(idIsBeyond(idAt(before), open), false);
  });
});
