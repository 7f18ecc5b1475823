import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { after, afterMs, type Instant, instantOf, secondsOf } from "../kernel/time.ts";
import type { KeyPolicy } from "./key-policy.ts";
import { decideKeys, firstKeySet, type KeyEvent, type KeyRuling } from "./key-set.ts";
import { type FreshKey, type KeySet, keyOf, keysOf, type SigningKey } from "./signing-key.ts";

const policy: KeyPolicy = {
  jwksMaxAge: secondsOf(300),
  rotateEvery: secondsOf(30 * 86_400),
  longestTokenLifetime: secondsOf(600),
  skew: secondsOf(5),
  clockDoubt: secondsOf(86_400),
  macRotateEvery: secondsOf(90 * 86_400),
  macKeep: secondsOf(180 * 86_400),
};
const BEGIN = instantOf(1_764_000_000_000);
const DAY_MS = 86_400_000;

function fresh(kid: string): FreshKey {
  return { kid, sealed: `sealed ${kid}` };
}

/** One key in each state; the kid is the state. */
const everyState: KeySet = {
  active: { ...fresh("active"), state: "active", publishedAt: BEGIN, activatedAt: BEGIN },
  next: { ...fresh("next"), state: "next", publishedAt: BEGIN },
  retiring: [
    {
      ...fresh("retiring"),
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

function eventOf(event: string, column: string): KeyEvent {
  switch (event) {
    case "rotate":
      return { kind: "rotate", force: false, fresh: fresh("fresh") };
    case "rotate, forced":
      return { kind: "rotate", force: true, fresh: fresh("fresh") };
    case "tend":
      return { kind: "tend", fresh: fresh("fresh") };
    case "compromise":
      return { kind: "compromise", kid: column, fresh: fresh("fresh") };
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
    assert.deepEqual(
      new Set(table.map((row) => row.event)),
      new Set(["rotate", "rotate, forced", "tend", "compromise", "remove"]),
    );
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
          const made = fresh(`k${index}`);
          const event: KeyEvent =
            action === "remove"
              ? { kind: action, kid }
              : action === "compromise"
                ? { kind: action, kid, fresh: made }
                : action === "rotate"
                  ? { kind: action, force, fresh: made }
                  : { kind: action, fresh: made };
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
        { kind: "rotate", force: true, fresh: fresh(kid) },
        { kind: "tend", fresh: fresh(kid) },
        { kind: "compromise", kid: "active", fresh: fresh(kid) },
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
      { kind: "key_activated", kid: "next" },
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
      { kind: "key_activated", kid: "next" },
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
        const event: KeyEvent = { kind: "tend", fresh: fresh("again") };
        assert.deepEqual(decideKeys(turned, event, afterMs(turnAt, jump + ms), policy), { kind: "unchanged" });
      }
    }
    // There and back again: what was done under the wrong time waits longer, never shorter.
    const ahead = changedBy(started, eventOf("tend", ""), afterMs(turnAt, DAY_MS));
    assert.equal(decideKeys(ahead, { kind: "tend", fresh: fresh("again") }, turnAt, policy).kind, "unchanged");
  });

  it("does not rotate an old key while the next one is too fresh, however old [K-01] [JWKS-5]", () => {
    const due = boundaries["due"] ?? BEGIN;
    const set: KeySet = { ...everyState, next: { ...everyState.next, publishedAt: due }, retiring: [] };
    const seasoned = after(due, secondsOf(305));
    assert.equal(decideKeys(set, eventOf("tend", ""), afterMs(seasoned, -1), policy).kind, "unchanged");
    assert.equal(changedBy(set, eventOf("tend", ""), seasoned).active.kid, "next");
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
    action: fc.constantFrom<KeyEvent["kind"]>("rotate", "tend", "compromise", "remove"),
    pick: fc.nat(20),
    ms: fc.integer({ min: -2 * DAY_MS, max: 40 * DAY_MS }),
    force: fc.boolean(),
  });
}
