// P4 and P5 for any history: an independent model keeps, for each generation, who made it and when it was replaced,
// and says what the only right outcome is. Variants that break a promise must be found by the same properties.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { afterMs, type Instant, secondsOf } from "../kernel/time.ts";
import { aPolicy, aSession, aSessionPolicy, FAMILY, START, WEB } from "../testing/builders.ts";
import { type RefreshRuling, refreshOutcome } from "./refresh-outcome.ts";
import type { Family, Session } from "./session.ts";

// Ends are out of the way: only generations and windows decide.
const policy = aPolicy({ idle: secondsOf(1e9), absolute: secondsOf(1e9) });
const [RETRY, RECOVERY] = [policy.retryWindow * 1000, policy.recoveryWindow * 1000];
const fresh = aSession({ policy: aSessionPolicy({ idle: policy.idle, absolute: policy.absolute }) });

type Rule = typeof refreshOutcome;
type Step = { readonly back: number } | { readonly wait: number };

/** Shows a generation so and so far behind the newest, or lets time pass; many waits end exactly on a boundary. */
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ back: fc.oneof(fc.constantFrom(0, 0, 0, 1), fc.nat(7)) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        wait: fc.oneof(
          fc.constantFrom(
            1,
            1000,
            RETRY - 1,
            RETRY,
            RETRY + 1,
            RECOVERY - RETRY - 1,
            RECOVERY - RETRY,
            RECOVERY - 1,
            RECOVERY,
          ),
          fc.nat(RECOVERY * 2),
        ),
      }),
    },
  ),
  { maxLength: 40, size: "large" },
);

/** What is known of each generation, by its number: written down as it happens, never computed from the row. */
interface Made {
  readonly parent: number | null;
  readonly at: Instant;
  /** When a rotation first replaced it, and how many rotations have been since. */
  replaced: { readonly at: Instant; since: number } | null;
  displaced: boolean;
  childrenAlive: number;
}

interface Life {
  readonly made: Map<number, Made>;
  current: number;
}

function expected(life: Life, shown: number, now: Instant): RefreshRuling["kind"] {
  const one = life.made.get(shown);
  const current = life.made.get(life.current);
  if (one === undefined || current === undefined) throw new Error("the model lost a generation");
  if (shown === life.current) return "rotated";
  if (one.displaced || one.replaced === null) return "reused";
  if (current.parent === shown) {
    if (now - current.at < RETRY) return "retried";
    return now - one.replaced.at < RECOVERY ? "recovered" : "reused";
  }
  return one.replaced.since < 4 && now - one.replaced.at < RETRY ? "superseded" : "reused";
}

function note(life: Life, shown: number, now: Instant, kind: "rotated" | "recovered", next: number): void {
  const parent = life.made.get(shown);
  if (parent === undefined || life.made.has(next)) throw new Error("a generation was made twice");
  if (kind === "recovered") {
    const unused = life.made.get(life.current);
    if (unused !== undefined) unused.displaced = true;
    parent.childrenAlive -= 1;
  } else {
    for (const one of life.made.values()) if (one.replaced !== null) one.replaced.since += 1;
    parent.replaced = { at: now, since: 0 };
  }
  parent.childrenAlive += 1;
  life.made.set(next, { parent: shown, at: now, replaced: null, displaced: false, childrenAlive: 0 });
  life.current = next;
}

/** Throws when the rule under test answers anything but what the model says. */
function live(history: readonly Step[], rule: Rule): void {
  let session: Session = fresh;
  let now = START;
  const life: Life = {
    current: 1,
    made: new Map([[1, { parent: null, at: START, replaced: null, displaced: false, childrenAlive: 0 }]]),
  };
  for (const step of history) {
    if ("wait" in step) {
      now = afterMs(now, step.wait);
      continue;
    }
    const shown = Math.max(1, life.current - step.back);
    const right = expected(life, shown, now);
    const ruling = rule(session, { family: FAMILY, generation: shown, client: WEB, macKid: 1 }, now);
    assert.equal(ruling.kind, right, `generation ${shown} of ${life.current}`);
    if (ruling.kind === "rotated" || ruling.kind === "recovered") {
      note(life, shown, now, ruling.kind, ruling.family.generation);
      session = ruling.next;
    }
    if (ruling.kind === "retried") assert.equal(ruling.family.generation, life.current);
    for (const [generation, one] of life.made)
      assert.ok(one.childrenAlive <= 1, `generation ${generation} has two live children`);
    if (ruling.kind === "reused") return;
  }
}

const holdsFor = (rule: Rule) => fc.property(steps, (history) => live(history, rule));

test("whatever is shown whenever, the outcome is the one that the history gives, and no generation has two live children [RT-7] [RT-O8] [R-05]", () => {
  fc.assert(holdsFor(refreshOutcome), { numRuns: 3000 });
});

test("the successor of a predecessor is unused: using it makes it the predecessor itself [RT-10]", () => {
  fc.assert(
    fc.property(steps, (history) => {
      let session: Session = fresh;
      let now = START;
      const used = new Set<number>();
      for (const step of history) {
        if ("wait" in step) {
          now = afterMs(now, step.wait);
          continue;
        }
        const generation = Math.max(1, (session.families[0]?.generation ?? 1) - step.back);
        const ruling = refreshOutcome(session, { family: FAMILY, generation, client: WEB, macKid: 1 }, now);
        if (ruling.kind !== "rotated" && ruling.kind !== "recovered") continue;
        used.add(generation);
        assert.equal(used.has(ruling.family.generation), false);
        assert.equal(ruling.family.superseded[0]?.generation, generation);
        session = ruling.next;
      }
    }),
  );
});

test("a generation in no window is found to be reused after any number of rotations [R-05]", () => {
  for (let length = 2; length <= 50; length += 1) {
    let session = fresh;
    for (let generation = 1; generation < length; generation += 1) {
      const ruling = refreshOutcome(session, { family: FAMILY, generation, client: WEB, macKid: 1 }, START);
      assert.ok(ruling.kind === "rotated");
      session = ruling.next;
    }
    for (let shown = 1; shown < length; shown += 1) {
      const late = afterMs(START, RECOVERY);
      const attempt = { family: FAMILY, generation: shown, client: WEB, macKid: 1 };
      assert.equal(refreshOutcome(session, attempt, late).kind, "reused");
    }
  }
});

test("showing the predecessor again and again extends no window [R-27] [RT-9]", () => {
  const rotated = refreshOutcome(fresh, { family: FAMILY, generation: 1, client: WEB, macKid: 1 }, START);
  assert.ok(rotated.kind === "rotated");
  let session = rotated.next;
  let lastGranted = START;
  for (let ms = 0; ms <= RECOVERY * 2; ms += 997) {
    const now = afterMs(START, ms);
    const ruling = refreshOutcome(session, { family: FAMILY, generation: 1, client: WEB, macKid: 1 }, now);
    if (ruling.kind === "recovered") session = ruling.next;
    if (ruling.kind === "recovered" || ruling.kind === "retried") lastGranted = now;
  }
  // The last recovery can lie just before the end of its window, and its own lost response is forgiven once more.
  assert.ok(lastGranted < START + RECOVERY + RETRY);
});

const broken: readonly [title: string, rule: Rule][] = [
  ["a retry that extends its window", extendsTheWindow],
  ["a recovery that forgets when the predecessor was first superseded", restartsTheRecovery],
  ["a recovery that leaves the unused successor alive", forksOnRecovery],
  ["a memory of one superseded generation more", remembersTooMany],
  ["a window that includes the instant it names", includesTheEnd],
  ["reuse that is only refused", neverFindsReuse],
];
for (const [title, rule] of broken) {
  test(`the properties find ${title}`, () => {
    assert.equal(fc.check(holdsFor(rule), { numRuns: 3000 }).failed, true);
  });
}

function changed(ruling: RefreshRuling, change: (family: Family) => Family): RefreshRuling {
  if (ruling.kind !== "rotated" && ruling.kind !== "recovered") return ruling;
  const family = change(ruling.family);
  return { ...ruling, family, next: { ...ruling.next, families: [family] } };
}

function extendsTheWindow(...[session, attempt, now]: Parameters<Rule>): RefreshRuling {
  const ruling = refreshOutcome(session, attempt, now);
  if (ruling.kind !== "recovered") return ruling;
  return now - START < RECOVERY * 4 ? { kind: "retried", family: ruling.family, used: null } : ruling;
}

function restartsTheRecovery(...[session, attempt, now]: Parameters<Rule>): RefreshRuling {
  const ruling = refreshOutcome(session, attempt, now);
  if (ruling.kind !== "recovered") return ruling;
  return changed(ruling, (family) => ({
    ...family,
    superseded: family.superseded.map((one, index) => (index === 0 ? { ...one, at: now } : one)),
  }));
}

function forksOnRecovery(...[session, attempt, now]: Parameters<Rule>): RefreshRuling {
  const displaced = session.families[0]?.superseded.some((one) => one.generation === attempt.generation) === false;
  const ruling = refreshOutcome(session, attempt, now);
  return ruling.kind === "reused" && displaced && attempt.generation > 1 ? { kind: "superseded" } : ruling;
}

function remembersTooMany(...[session, attempt, now]: Parameters<Rule>): RefreshRuling {
  const before = session.families[0]?.superseded ?? [];
  const last = before.at(-1);
  const ruling = changed(refreshOutcome(session, attempt, now), (family) =>
    last === undefined || family.superseded.includes(last)
      ? family
      : { ...family, superseded: [...family.superseded, last] },
  );
  return ruling;
}

function includesTheEnd(...[session, attempt, now]: Parameters<Rule>): RefreshRuling {
  return refreshOutcome(session, attempt, now > START ? afterMs(now, -1) : now);
}

function neverFindsReuse(...[session, attempt, now]: Parameters<Rule>): RefreshRuling {
  const ruling = refreshOutcome(session, attempt, now);
  return ruling.kind === "reused" ? { kind: "superseded" } : ruling;
}
