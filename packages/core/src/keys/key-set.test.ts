import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { after, afterMs, type Instant, instantOf, secondsOf } from "../kernel/time.ts";
import type { KeyPolicy } from "./key-policy.ts";
import { decideKeys, firstKeySet, type KeyEvent, type KeyRuling } from "./key-set.ts";
import { type FreshKey, type KeySet, keyOf, keysOf, type SigningKey, type Trial } from "./signing-key.ts";

const policy: KeyPolicy = {
  jwksMaxAge: secondsOf(300),
  rotateEvery: secondsOf(30 * 86_400),
  patience: secondsOf(86_400),
  longestTokenLifetime: secondsOf(600),
  skew: secondsOf(5),
  clockDoubt: secondsOf(86_400),
  macRotateEvery: secondsOf(90 * 86_400),
  secretRotateEvery: secondsOf(90 * 86_400),
  macKeep: secondsOf(180 * 86_400),
};
const BEGIN = instantOf(1_764_000_000_000);
const DAY_MS = 86_400_000;
const BEHIND = ["api-1"];
const HALF: Trial = { kind: "share", percent: 50 };

function fresh(kid: string): FreshKey {
  return { kid, sealed: `sealed ${kid}`, publishedIn: 2 };
}

/** One key in each state; the kid is the state. */
const everyState: KeySet = {
  active: { kid: "active", sealed: "sealed active", state: "active", publishedAt: BEGIN, activatedAt: BEGIN },
  next: { ...fresh("next"), state: "next", publishedAt: BEGIN, trial: null },
  retiring: [
    {
      kid: "retiring",
      sealed: "sealed retiring",
      state: "retiring",
      publishedAt: BEGIN,
      activatedAt: BEGIN,
      retiredAt: BEGIN,
      lastTokenExpires: after(BEGIN, secondsOf(605)),
    },
  ],
  gone: [
    { kid: "removed", state: "removed", removedAt: BEGIN },
    { kid: "compromised", state: "compromised", at: BEGIN, was: "active" },
  ],
};

const boundaries: Readonly<Record<string, Instant>> = {
  seasoned: after(BEGIN, secondsOf(305)),
  due: after(BEGIN, policy.rotateEvery),
  "patience due": after(after(BEGIN, policy.rotateEvery), policy.patience),
  expired: after(BEGIN, secondsOf(610)),
  "long expired": after(BEGIN, secondsOf(610 + 86_400)),
};

interface TableRow {
  readonly event: string;
  readonly clock: string;
  readonly cells: Readonly<Record<string, string>>;
}

/** The table in the comment above the function. */
function printedTable(): readonly TableRow[] {
  const source = readFileSync(new URL("key-set.ts", import.meta.url), "utf8");
  const lines = source.split("\n").filter((line) => line.startsWith("// |") && !line.includes("---"));
  const [header = [], ...rows] = lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows.map(([event = "", clock = "", ...cells]) => ({
    event,
    clock,
    cells: Object.fromEntries(cells.map((cell, column) => [header[column + 2] ?? "", cell])),
  }));
}

/** Before, at, after the boundary: the side that a row speaks of. */
function instantsOf(clock: string): readonly Instant[] {
  if (clock === "any") return [BEGIN, ...Object.values(boundaries)];
  const before = clock.startsWith("not ");
  const boundary = boundaries[before ? clock.slice(4) : clock];
  assert.ok(boundary, `the table speaks of a clock that no boundary has: ${clock}`);
  return before ? [BEGIN, afterMs(boundary, -1)] : [boundary, afterMs(boundary, 1)];
}

const EVENTS = [
  "rotate",
  "rotate, behind",
  "rotate, behind, forced",
  "try",
  "try, behind",
  "try, behind, forced",
  "tend",
  "tend, behind",
  "compromise",
  "compromise active and next",
  "restore",
  "remove",
];

function eventOf(event: string, column: string): KeyEvent {
  switch (event) {
    case "rotate":
      return { kind: "rotate", force: false, fresh: fresh("fresh"), laggards: [] };
    case "rotate, behind":
      return { kind: "rotate", force: false, fresh: fresh("fresh"), laggards: BEHIND };
    case "rotate, behind, forced":
      return { kind: "rotate", force: true, fresh: fresh("fresh"), laggards: BEHIND };
    case "try":
      return { kind: "try", trial: HALF, force: false, laggards: [] };
    case "try, behind":
      return { kind: "try", trial: HALF, force: false, laggards: BEHIND };
    case "try, behind, forced":
      return { kind: "try", trial: HALF, force: true, laggards: BEHIND };
    case "tend":
      return { kind: "tend", fresh: fresh("fresh"), laggards: [] };
    case "tend, behind":
      return { kind: "tend", fresh: fresh("fresh"), laggards: BEHIND };
    case "compromise":
      return { kind: "compromise", kids: [column], fresh: [fresh("fresh"), fresh("second")] };
    case "compromise active and next":
      return { kind: "compromise", kids: ["active", "next"], fresh: [fresh("fresh"), fresh("second")] };
    case "restore":
      return { kind: "restore", kid: column };
    case "remove":
      return { kind: "remove", kid: column };
    default:
      throw new Error(`the table has an event that no test knows: ${event}`);
  }
}

function nextOf(set: KeySet, ruling: KeyRuling): KeySet {
  return ruling.kind === "changed" ? ruling.next : set;
}

function changedBy(set: KeySet, event: KeyEvent, now: Instant): KeySet {
  const ruling = decideKeys(set, event, now, policy);
  assert.equal(ruling.kind, "changed");
  return nextOf(set, ruling);
}

describe("the table of a signing key's life", () => {
  const table = printedTable();

  it("has a row for every event and a column for every state", () => {
    const states: readonly SigningKey["state"][] = ["next", "active", "retiring", "removed", "compromised"];
    assert.deepEqual(new Set(table.map((row) => row.event)), new Set(EVENTS));
    for (const row of table) assert.deepEqual(Object.keys(row.cells), states);
  });

  for (const { event, clock, cells } of table) {
    it(`is what the function does: ${event}, ${clock}`, () => {
      for (const [column, cell] of Object.entries(cells)) {
        for (const now of instantsOf(clock)) {
          // The retiring key of the set is long gone by the time a rotation is due: it has a column of its own only in other rows.
          const set = clock.endsWith("due") ? withRetiringAt(now) : everyState;
          const ruling = decideKeys(set, eventOf(event, column), now, policy);
          const outcome = ruling.kind === "refused" ? ruling.code : keyOf(nextOf(set, ruling), column)?.state;
          assert.equal(outcome, cell, `${event}, ${clock}, ${column} at ${now - BEGIN} ms`);
        }
      }
    });
  }

  function withRetiringAt(now: Instant): KeySet {
    return { ...everyState, retiring: everyState.retiring.map((key) => ({ ...key, lastTokenExpires: now })) };
  }
});

describe("a set of signing keys", () => {
  it("always has one active and one next key, and keeps no private part of a key that is gone [K-09]", () => {
    fc.assert(
      fc.property(fc.array(anyStep(), { maxLength: 40 }), (steps) => {
        let set = firstKeySet(fresh("a"), fresh("n"), BEGIN).next;
        let now = BEGIN;
        for (const [index, { action, pick, ms, force }] of steps.entries()) {
          now = instantOf(Math.max(0, now + ms));
          const keys = keysOf(set);
          const kid = keys[pick % keys.length]?.kid ?? "";
          const before = new Set(keys.map((key) => key.kid));
          const [made, second] = [fresh(`k${index}`), fresh(`s${index}`)];
          const event: KeyEvent =
            action === "remove"
              ? { kind: action, kid }
              : action === "restore"
                ? { kind: action, kid }
                : action === "compromise"
                  ? { kind: action, kids: force ? [kid, set.active.kid, set.next.kid] : [kid], fresh: [made, second] }
                  : action === "try"
                    ? { kind: action, trial: force ? HALF : null, force, laggards: [] }
                    : action === "rotate"
                      ? { kind: action, force, fresh: made, laggards: [] }
                      : { kind: action, fresh: made, laggards: pick % 2 === 0 ? [] : BEHIND };
          set = nextOf(set, decideKeys(set, event, now, policy));
          const kept = keysOf(set);
          assert.equal(kept.filter((key) => key.state === "active").length, 1);
          assert.equal(kept.filter((key) => key.state === "next").length, 1);
          assert.equal(new Set(kept.map((key) => key.kid)).size, kept.length);
          for (const known of before) assert.ok(keyOf(set, known), "no kid is ever forgotten");
          for (const gone of set.gone) assert.ok(!("sealed" in gone));
        }
      }),
    );
  });

  it("refuses a fresh key whose kid was ever in it, in any state [K-08]", () => {
    for (const { kid } of keysOf(everyState)) {
      const events: readonly KeyEvent[] = [
        { kind: "rotate", force: true, fresh: fresh(kid), laggards: [] },
        { kind: "tend", fresh: fresh(kid), laggards: [] },
        { kind: "compromise", kids: ["active"], fresh: [fresh("new"), fresh(kid)] },
      ];
      for (const event of events) {
        assert.deepEqual(decideKeys(everyState, event, boundaries["due"] ?? BEGIN, policy), {
          kind: "refused",
          code: "key_state",
        });
      }
    }
  });

  it("knows no other kid", () => {
    for (const event of [eventOf("compromise", "elsewhere"), eventOf("remove", "elsewhere")]) {
      assert.deepEqual(decideKeys(everyState, event, BEGIN, policy), { kind: "refused", code: "key_not_found" });
    }
  });

  it("says what happened, in order, when it rotates", () => {
    const ruling = decideKeys(everyState, eventOf("rotate", ""), after(BEGIN, secondsOf(305)), policy);
    assert.deepEqual(ruling.kind === "changed" && ruling.facts, [
      { kind: "key_retired", kid: "active" },
      { kind: "key_activated", kid: "next", laggards: [] },
      { kind: "key_created", kid: "fresh" },
    ]);
  });

  it("activates next in the change that compromises the active key, whatever its age [K-07]", () => {
    const ruling = decideKeys(everyState, eventOf("compromise", "active"), BEGIN, policy);
    assert.ok(ruling.kind === "changed");
    assert.equal(ruling.next.active.kid, "next");
    assert.equal(ruling.next.next.kid, "fresh");
    assert.deepEqual(ruling.facts, [
      { kind: "key_compromised", kid: "active" },
      { kind: "key_activated", kid: "next", laggards: [] },
      { kind: "key_created", kid: "fresh" },
    ]);
    assert.deepEqual(keyOf(ruling.next, "active"), { kid: "active", state: "compromised", at: BEGIN, was: "active" });
  });

  it("replaces a compromised next key, and needs no fresh one for a key that signs no more [K-07]", () => {
    const next = decideKeys(everyState, eventOf("compromise", "next"), BEGIN, policy);
    const retiring = decideKeys(everyState, eventOf("compromise", "retiring"), BEGIN, policy);
    assert.ok(next.kind === "changed" && retiring.kind === "changed");
    assert.deepEqual([next.next.active.kid, next.next.next.kid], ["active", "fresh"]);
    assert.equal(keyOf(retiring.next, "fresh"), undefined);
    assert.deepEqual(retiring.facts, [{ kind: "key_compromised", kid: "retiring" }]);
  });

  it("keeps a retired key for the longest lifetime of a token and two skews [K-02] [K-05] [JWKS-5]", () => {
    const retiredAt = after(BEGIN, secondsOf(1000));
    const set = changedBy(firstKeySet(fresh("a"), fresh("b"), BEGIN).next, eventOf("rotate", ""), retiredAt);
    const until = after(retiredAt, secondsOf(600 + 2 * 5));
    const remove: KeyEvent = { kind: "remove", kid: "a" };
    assert.deepEqual(decideKeys(set, remove, afterMs(until, -1), policy), { kind: "refused", code: "key_state" });
    assert.equal(keyOf(changedBy(set, remove, until), "a")?.state, "removed");
  });

  it("rotates once and removes nothing in use when the clock jumps a day, ahead or back [K-11]", () => {
    const started = firstKeySet(fresh("a"), fresh("b"), BEGIN).next;
    const turnAt = after(BEGIN, policy.rotateEvery);
    const turned = changedBy(started, eventOf("tend", ""), turnAt);
    for (const jump of [DAY_MS, -DAY_MS]) {
      for (const ms of [0, 1, 1000, 600_000]) {
        const event: KeyEvent = { kind: "tend", fresh: fresh("again"), laggards: [] };
        assert.deepEqual(decideKeys(turned, event, afterMs(turnAt, jump + ms), policy), { kind: "unchanged" });
      }
    }
    // There and back again: what was done under the wrong time waits longer, never shorter.
    const ahead = changedBy(started, eventOf("tend", ""), afterMs(turnAt, DAY_MS));
    assert.equal(
      decideKeys(ahead, { kind: "tend", fresh: fresh("again"), laggards: [] }, turnAt, policy).kind,
      "unchanged",
    );
  });

  it("does not rotate an old key while the next one is too fresh, however old [K-01] [JWKS-5]", () => {
    const due = boundaries["due"] ?? BEGIN;
    const set: KeySet = { ...everyState, next: { ...everyState.next, publishedAt: due }, retiring: [] };
    const seasoned = after(due, secondsOf(305));
    assert.equal(decideKeys(set, eventOf("tend", ""), afterMs(seasoned, -1), policy).kind, "unchanged");
    assert.equal(changedBy(set, eventOf("tend", ""), seasoned).active.kid, "next");
  });

  it("has a fresh key sign, and another one wait, when active and next are compromised at once [K-07] [KEY-7]", () => {
    const ruling = decideKeys(everyState, eventOf("compromise active and next", ""), BEGIN, policy);
    assert.ok(ruling.kind === "changed");
    assert.deepEqual([ruling.next.active.kid, ruling.next.next.kid], ["fresh", "second"]);
    assert.deepEqual(
      ruling.facts.map((fact) => `${fact.kind} ${fact.kid}`),
      [
        "key_compromised active",
        "key_compromised next",
        "key_created fresh",
        "key_activated fresh",
        "key_created second",
      ],
    );
    assert.deepEqual(
      ruling.next.gone.map(({ kid, state }) => `${kid} ${state}`),
      ["removed removed", "compromised compromised", "active compromised", "next compromised"],
    );
  });

  it("changes nothing when one of several keys that are named is unknown [KEY-7]", () => {
    const event: KeyEvent = { kind: "compromise", kids: ["active", "elsewhere"], fresh: [fresh("f"), fresh("s")] };
    assert.deepEqual(decideKeys(everyState, event, BEGIN, policy), { kind: "refused", code: "key_not_found" });
  });

  it("names those who had not acknowledged the key when it goes on without them [KEY-3]", () => {
    const at = boundaries["patience due"] ?? BEGIN;
    const event: KeyEvent = { kind: "tend", fresh: fresh("fresh"), laggards: BEHIND };
    assert.equal(decideKeys(everyState, event, afterMs(at, -1), policy).kind, "changed", "the retiring key goes");
    assert.equal(nextOf(everyState, decideKeys(everyState, event, afterMs(at, -1), policy)).active.kid, "active");
    const ruling = decideKeys(everyState, event, at, policy);
    assert.ok(ruling.kind === "changed");
    assert.deepEqual(ruling.facts[1], { kind: "key_activated", kid: "next", laggards: BEHIND });
  });

  it("puts a retiring key back, retires the one that had its place, and starts its time again [K-15] [KEY-6]", () => {
    const now = after(BEGIN, secondsOf(600));
    const ruling = decideKeys(everyState, eventOf("restore", "retiring"), now, policy);
    assert.ok(ruling.kind === "changed");
    assert.deepEqual(ruling.next.active, {
      kid: "retiring",
      sealed: "sealed retiring",
      state: "active",
      publishedAt: BEGIN,
      activatedAt: now,
    });
    assert.deepEqual(
      ruling.next.retiring.map(({ kid, lastTokenExpires }) => [kid, lastTokenExpires]),
      [["active", after(now, secondsOf(605))]],
    );
    assert.equal(ruling.next.next.kid, "next");
  });

  it("takes a trial back whatever the time, and forgets it when the key becomes active [KEY-5]", () => {
    const tried = changedBy(everyState, eventOf("try, behind, forced", ""), BEGIN);
    assert.deepEqual(tried.next.trial, HALF);
    const back: KeyEvent = { kind: "try", trial: null, force: false, laggards: BEHIND };
    assert.equal(changedBy(tried, back, BEGIN).next.trial, null);
    assert.equal(decideKeys(everyState, back, BEGIN, policy).kind, "unchanged");
    const turned = changedBy(tried, eventOf("rotate, behind, forced", ""), BEGIN);
    assert.deepEqual([turned.active.kid, turned.next.trial], ["next", null]);
  });

  it("rotates and removes in one change when both are due", () => {
    const now = boundaries["due"] ?? BEGIN;
    const ruling = decideKeys(everyState, eventOf("tend", ""), now, policy);
    assert.ok(ruling.kind === "changed");
    assert.deepEqual(
      ruling.facts.map((fact) => `${fact.kind} ${fact.kid}`),
      ["key_retired active", "key_activated next", "key_created fresh", "key_removed retiring"],
    );
    assert.deepEqual(
      ruling.next.retiring.map((key) => key.kid),
      ["active"],
    );
  });
});

interface Step {
  readonly action: KeyEvent["kind"];
  readonly pick: number;
  readonly ms: number;
  readonly force: boolean;
}

function anyStep(): fc.Arbitrary<Step> {
  return fc.record({
    action: fc.constantFrom<KeyEvent["kind"]>("rotate", "try", "tend", "compromise", "restore", "remove"),
    pick: fc.nat(20),
    ms: fc.integer({ min: -2 * DAY_MS, max: 40 * DAY_MS }),
    force: fc.boolean(),
  });
}
