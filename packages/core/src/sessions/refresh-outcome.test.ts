// The table in refresh-outcome.ts against the function: presented generation × clock boundary, then any history at all.

import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { ClientId, FamilyId } from "../kernel/ids.ts";
import { afterMs, type Instant, secondsOf } from "../kernel/time.ts";
import { aFamily, aSession, aSessionPolicy, at, FAMILY, WEB } from "../testing/builders.ts";
import type { Policy } from "./policy.ts";
import { type RefreshRuling, refreshOutcome } from "./refresh-outcome.ts";
import { absoluteEnd, END_REASONS, type Family, type Session } from "./session.ts";

// idle 100 s, absolute 1,000 s, retry 30 s, recovery 90 s. All activity at 500 s, so that no end is near.
const NOW = at(500_000);

interface Asked {
  readonly family?: Partial<Family>;
  readonly session?: Partial<Session>;
  readonly generation: number;
  readonly now: Instant;
  readonly policy?: Partial<Policy>;
}

function ruling({ family, session, generation, now, policy = {} }: Asked): RefreshRuling {
  const subject = aSession({
    lastActive: NOW,
    families: [aFamily(family)],
    policy: aSessionPolicy(policy),
    ...session,
  });
  return refreshOutcome(subject, { family: FAMILY, generation, client: WEB, macKid: 2 }, now);
}

/** Generation 5 was made at NOW from 4; 4 from 3 a second before; and so on. 1 is forgotten. */
const fifth: Partial<Family> = {
  generation: 5,
  rotatedAt: NOW,
  superseded: [4, 3, 2].map((generation, index) => ({ generation, at: afterMs(NOW, -1000 * index) })),
};

describe("the outcome by the presented generation", () => {
  const boundaries: readonly [title: string, generation: number, ms: number, outcome: RefreshRuling["kind"]][] = [
    ["the current one, at once", 5, 0, "rotated"],
    ["the current one, much later", 5, 99_999, "rotated"],
    ["the predecessor, at the instant of the rotation", 4, 0, "retried"],
    ["the predecessor, one millisecond before the retry window ends", 4, 29_999, "retried"],
    ["the predecessor, at the instant the retry window ends", 4, 30_000, "recovered"],
    ["the predecessor, one millisecond after the retry window", 4, 30_001, "recovered"],
    ["the predecessor, one millisecond before the recovery window ends", 4, 89_999, "recovered"],
    ["the predecessor, at the instant the recovery window ends", 4, 90_000, "reused"],
    ["the predecessor, one millisecond after the recovery window", 4, 90_001, "reused"],
    ["an older one, one millisecond before its own window ends", 3, 28_999, "superseded"],
    ["an older one, at the instant its own window ends", 3, 29_000, "reused"],
    ["an older one, one millisecond after its own window", 3, 29_001, "reused"],
    ["the oldest remembered, one millisecond before its own window ends", 2, 27_999, "superseded"],
    ["the oldest remembered, at the instant its own window ends", 2, 28_000, "reused"],
    ["a forgotten one, at once", 1, 0, "reused"],
  ];
  for (const [title, generation, ms, outcome] of boundaries) {
    it(`${title}, is ${outcome} [RT-O4] [RT-O5] [RT-O6] [RT-O7] [RT-O8] [RT-9]`, () => {
      assert.equal(ruling({ family: fifth, generation, now: afterMs(NOW, ms) }).kind, outcome);
    });
  }

  it("one that was displaced by a recovery is reuse at any age, at once too [RT-O8]", () => {
    // 4 was recovered: 5 was never used and 6 is current.
    const recovered = { ...fifth, generation: 6 };
    for (const ms of [0, 1, 29_999, 30_000, 99_999]) {
      assert.equal(ruling({ family: recovered, generation: 5, now: afterMs(NOW, ms) }).kind, "reused");
    }
  });

  const unrotated: readonly [title: string, generation: number, ms: number, outcome: RefreshRuling["kind"]][] = [
    ["the current one, at once", 5, 0, "retried"],
    ["the current one, much later", 5, 99_999, "retried"],
    ["the predecessor, one millisecond before the retry window ends", 4, 29_999, "retried"],
    ["the predecessor, at the instant the retry window ends", 4, 30_000, "recovered"],
    ["the predecessor, at the instant the recovery window ends", 4, 90_000, "reused"],
    ["an older one, one millisecond before its own window ends", 3, 28_999, "superseded"],
    ["an older one, at the instant its own window ends", 3, 29_000, "reused"],
    ["a forgotten one, at once", 1, 0, "reused"],
    ["one above the current", 6, 0, "rotated"],
  ];
  for (const [title, generation, ms, outcome] of unrotated) {
    it(`where nothing rotates, ${title}, is ${outcome} [RT-12]`, () => {
      const policy = { rotation: "off" } as const;
      assert.equal(ruling({ family: fifth, generation, now: afterMs(NOW, ms), policy }).kind, outcome);
    });
  }

  for (const [ms, moves] of [
    [0, false],
    [9999, false],
    [10_000, true],
    [10_001, true],
  ] as const) {
    it(`where nothing rotates, activity after ${ms} ms of 100 s idle time is ${moves ? "" : "not "}written down [RT-12]`, () => {
      const now = afterMs(NOW, ms);
      const kept = ruling({ family: fifth, generation: 5, now, policy: { rotation: "off" } });
      assert.ok(kept.kind === "retried");
      assert.equal(kept.used?.lastActive, moves ? now : undefined);
      const still = ruling({
        family: fifth,
        generation: 5,
        now,
        policy: { rotation: "off", refreshIsActivity: false },
      });
      assert.ok(still.kind === "retried" && still.used === null);
    });
  }

  it("one above the current, with MACs that nobody else can make, goes on after it [RT-11]", () => {
    const outcome = ruling({ family: fifth, generation: 9, now: NOW });
    assert.equal(outcome.kind, "rotated");
    assert.ok(outcome.kind === "rotated");
    assert.equal(outcome.family.generation, 10);
    assert.equal(outcome.regressedFrom, 5);
    assert.deepEqual(outcome.family.superseded[0], { generation: 9, at: NOW });
  });
});

describe("what comes before the generation", () => {
  it("a family that the session does not have is unknown [RT-O1]", () => {
    const attempt = { family: "BBBBBA" as FamilyId, generation: 1, client: WEB, macKid: 1 };
    assert.deepEqual(refreshOutcome(aSession(), attempt, at(0)), { kind: "unknown" });
  });

  it("another client's family is misbound, live, over or reused alike [RT-O2]", () => {
    const attempt = { family: FAMILY, generation: 1, client: "evil" as ClientId, macKid: 1 };
    for (const session of [
      aSession(),
      aSession({ state: { kind: "ended", reason: "revoked", at: at(0) } }),
      aSession({ families: [aFamily(fifth)] }),
    ])
      assert.deepEqual(refreshOutcome(session, attempt, at(0)), { kind: "misbound" });
  });

  for (const reason of END_REASONS) {
    it(`a session that ended (${reason}) is ended for every generation, with its reason [RT-O3]`, () => {
      const state = { kind: "ended", reason, at: at(1) } as const;
      for (const generation of [1, 4, 5, 6]) {
        const outcome = ruling({ family: fifth, session: { state }, generation, now: NOW });
        assert.deepEqual(outcome, { kind: "ended", end: state });
      }
    });
    it(`a family that ended (${reason}) is ended for every generation, with its reason [RT-O3]`, () => {
      for (const generation of [1, 4, 5, 6]) {
        const outcome = ruling({ family: { ...fifth, ended: reason }, generation, now: NOW });
        assert.deepEqual(outcome, { kind: "ended", end: { kind: "ended", reason, at: NOW } });
      }
    });
  }

  const ends: readonly [title: string, ms: number, outcome: RefreshRuling["kind"]][] = [
    ["one millisecond before the idle end", 99_999, "rotated"],
    ["at the idle end", 100_000, "ended"],
    ["one millisecond after the idle end", 100_001, "ended"],
  ];
  for (const [title, ms, outcome] of ends) {
    it(`${title} the current generation is ${outcome} [R-20]`, () => {
      assert.equal(ruling({ generation: 1, now: afterMs(NOW, ms) }).kind, outcome);
    });
  }

  it("no rotation moves the absolute end, and it comes however busy the session is [R-20] [S-02] [REF-9] [REF-6]", () => {
    const end = absoluteEnd(aSession());
    const busy = { lastActive: afterMs(end, -1) };
    const last = ruling({ session: busy, generation: 1, now: afterMs(end, -1) });
    assert.ok(last.kind === "rotated");
    assert.equal(absoluteEnd(last.next), end);
    for (const now of [end, afterMs(end, 1)]) {
      const outcome = ruling({ session: busy, generation: 1, now });
      assert.deepEqual(outcome, { kind: "ended", end: { kind: "ended", reason: "absolute", at: end } });
    }
  });
});

describe("what an outcome writes", () => {
  it("a rotation makes the presented one the predecessor, under the key that is current now [RT-2] [RT-6]", () => {
    const outcome = ruling({ family: fifth, generation: 5, now: afterMs(NOW, 7) });
    assert.ok(outcome.kind === "rotated");
    assert.deepEqual(outcome.family, {
      ...aFamily(fifth),
      generation: 6,
      rotatedAt: afterMs(NOW, 7),
      macKid: 2,
      superseded: [{ generation: 5, at: afterMs(NOW, 7) }, ...(fifth.superseded ?? [])],
    });
    assert.equal(outcome.regressedFrom, null);
    assert.deepEqual(outcome.next.families, [outcome.family]);
  });

  it("a family remembers four superseded generations and no more [RT-6]", () => {
    let session = aSession();
    for (let generation = 1; generation <= 10; generation += 1) {
      const outcome = refreshOutcome(session, { family: FAMILY, generation, client: WEB, macKid: 1 }, at(0));
      assert.ok(outcome.kind === "rotated");
      session = outcome.next;
    }
    assert.deepEqual(
      session.families[0]?.superseded.map((one) => one.generation),
      [10, 9, 8, 7],
    );
  });

  it("a rotation of one family leaves the others as they are", () => {
    const other = aFamily({ id: "BBBBBA" as FamilyId, generation: 9 });
    const session = aSession({ lastActive: NOW, families: [other, aFamily(fifth)] });
    const ruled = refreshOutcome(session, { family: FAMILY, generation: 5, client: WEB, macKid: 2 }, NOW);
    assert.ok(ruled.kind === "rotated");
    assert.deepEqual(
      ruled.next.families.map(({ id, generation }) => [id, generation]),
      [
        ["BBBBBA", 9],
        [FAMILY, 6],
      ],
    );
    assert.equal(ruled.next.families[0], other);
  });

  it("a retry writes nothing and keeps the key of its generation [RT-O5] [RT-2]", () => {
    const outcome = ruling({ family: fifth, generation: 4, now: afterMs(NOW, 1) });
    assert.deepEqual(outcome, { kind: "retried", family: aFamily(fifth), used: null });
  });

  it("a recovery keeps the predecessor and when it was first superseded [RT-O6]", () => {
    const now = afterMs(NOW, 40_000);
    const outcome = ruling({ family: fifth, generation: 4, now });
    assert.ok(outcome.kind === "recovered");
    assert.deepEqual(outcome.family, { ...aFamily(fifth), generation: 6, rotatedAt: now, macKid: 2 });
  });

  it("reuse ends the session, or the family alone where the policy says so [RT-O8]", () => {
    const session = ruling({ family: fifth, generation: 1, now: NOW });
    assert.ok(session.kind === "reused");
    assert.deepEqual(session.next.state, { kind: "ended", reason: "reuse", at: NOW });
    const family = ruling({ family: fifth, generation: 1, now: NOW, policy: { onReuse: "family" } });
    assert.ok(family.kind === "reused");
    assert.deepEqual(family.next.state, { kind: "active" });
    assert.equal(family.next.families[0]?.ended, "reuse");
  });

  it("a refresh is activity where the policy says so, and never moves activity back", () => {
    const now = afterMs(NOW, 5);
    const lastActive = (rules: Partial<Policy>, before: Instant): Instant | undefined => {
      const outcome = ruling({ session: { lastActive: before }, generation: 1, now, policy: rules });
      return outcome.kind === "rotated" ? outcome.next.lastActive : undefined;
    };
    assert.equal(lastActive({}, NOW), now);
    assert.equal(lastActive({ refreshIsActivity: false }, NOW), NOW);
    assert.equal(lastActive({}, afterMs(NOW, 50)), afterMs(NOW, 50));
  });
});

test("rotations within one instant are told apart by their number [R-06]", () => {
  let session = aSession();
  for (let generation = 1; generation <= 10; generation += 1) {
    const outcome = refreshOutcome(session, { family: FAMILY, generation, client: WEB, macKid: 1 }, at(0));
    assert.ok(outcome.kind === "rotated");
    session = outcome.next;
  }
  const kinds = Array.from(
    { length: 11 },
    (_, index) =>
      refreshOutcome(session, { family: FAMILY, generation: index + 1, client: WEB, macKid: 1 }, at(0)).kind,
  );
  const [six, three, one] = [Array(6).fill("reused"), Array(3).fill("superseded"), ["retried", "rotated"]];
  assert.deepEqual(kinds, [...six, ...three, ...one]);
});

test("a window of one second is as exclusive at its end as any other [RT-9]", () => {
  const narrow = { retryWindow: secondsOf(1), recoveryWindow: secondsOf(1) };
  const kind = (ms: number): string =>
    ruling({ family: fifth, generation: 4, now: afterMs(NOW, ms), policy: narrow }).kind;
  assert.deepEqual([999, 1000, 1001].map(kind), ["retried", "reused", "reused"]);
});
