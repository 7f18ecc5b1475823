// The receipt against fleets whose answers were reasoned by hand, and against a small model of leases.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, test } from "node:test";
import { type OnStale, type Position, parsePosition, type Receipt } from "@hallpass/protocol";
import fc from "fast-check";
import type { ClientId, FamilyId, SubjectId } from "../kernel/ids.ts";
import { afterMs, instantOf } from "../kernel/time.ts";
import { SID } from "../testing/builders.ts";
import type { FleetMember, Heard } from "./fleet.ts";
import { connectedHaveApplied, type FleetView, type Revocation, receiptOf } from "./receipt.ts";

interface Vectors {
  readonly pos: string;
  readonly committed_at_ms: number;
  readonly cases: readonly {
    readonly name: string;
    readonly rule: string;
    readonly now_ms: number;
    readonly members: readonly {
      readonly instance: string;
      readonly service: string;
      readonly region: string | null;
      readonly max_staleness_ms: number;
      readonly on_stale: OnStale;
      readonly last_noted_ms: number;
    }[];
    readonly heard: Readonly<
      Record<string, { readonly applied: string; readonly last_ping_ms: number; readonly connected: boolean }>
    >;
    readonly listening_since_ms: number;
    readonly head: "linearizable" | "stale";
    readonly nodes: "one" | "many";
    readonly expect: {
      readonly fleet: Receipt["fleet"];
      readonly silent: Readonly<Record<string, number | null>>;
      readonly enforced_by_ms: number | null;
    };
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../../spec/vectors/receipt.json", import.meta.url), "utf8"),
) as Vectors;
const COMMITTED = instantOf(vectors.committed_at_ms);

function pos(text: string): Position {
  const parsed = parsePosition(text);
  if (parsed === undefined) throw new Error("a vector holds a malformed position");
  return parsed;
}

function aRevocation(changes: Partial<Revocation> = {}): Revocation {
  return {
    id: "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6",
    pos: pos(vectors.pos),
    committed: COMMITTED,
    targets: [{ kind: "session", session: SID }],
    reason: null,
    ticket: null,
    actor: null,
    endedSessions: 1,
    tokensExpireBy: afterMs(COMMITTED, 605_000),
    ...changes,
  };
}

function aMember(changes: Partial<FleetMember> = {}): FleetMember {
  const noted = afterMs(COMMITTED, -1000);
  return {
    instance: "a",
    service: "api",
    region: null,
    software: "1",
    maxStaleness: 60_000,
    onStale: "unavailable",
    joined: noted,
    lastNoted: noted,
    join: null,
    ...changes,
  };
}

describe("fleets with the receipt that each must give [RCP-2] [RCP-3] [RCP-4] [RCP-5] [RCP-10]", () => {
  for (const one of vectors.cases) {
    it(`${one.rule}: ${one.name}`, () => {
      const fleet: FleetView = {
        members: one.members.map((member) =>
          aMember({
            ...member,
            maxStaleness: member.max_staleness_ms,
            onStale: member.on_stale,
            lastNoted: instantOf(member.last_noted_ms),
            join: null,
          }),
        ),
        heard: new Map(
          Object.entries(one.heard).map(([instance, { applied, last_ping_ms: ping, connected }]) => [
            instance,
            { connected, applied: pos(applied), keys: 1, lastPing: instantOf(ping) },
          ]),
        ),
        listeningSince: instantOf(one.listening_since_ms),
        traits: { head: one.head, nodes: one.nodes },
      };
      const receipt = receiptOf(aRevocation(), fleet, instantOf(one.now_ms));
      assert.deepEqual(receipt.fleet, one.expect.fleet);
      const silent = receipt.services.flatMap((service) => service.silent);
      assert.deepEqual(
        Object.fromEntries(silent.map((each) => [each.instance, each.refuses_by_ms])),
        one.expect.silent,
      );
      assert.equal(receipt.enforced_by_ms, one.expect.enforced_by_ms);
      for (const service of receipt.services) {
        const bounds = service.silent.map((each) => each.refuses_by_ms);
        const latest = bounds.length === 0 || bounds.includes(null) ? null : Math.max(...bounds.map(Number));
        assert.equal(service.refuses_by_ms, latest);
      }
    });
  }
});

test("a receipt says what was asked, what was committed and by when every token is over [RCP-1]", () => {
  const revocation = aRevocation({
    targets: [
      { kind: "session", session: SID },
      { kind: "family", session: SID, family: "AAECAw" as FamilyId },
      { kind: "token", jti: "j", expires: COMMITTED },
      { kind: "subject", subject: "u-81" as SubjectId },
      { kind: "client", client: "web" as ClientId },
    ],
    reason: "stolen_device",
    ticket: "SEC-81",
    actor: "ops@example",
  });
  const none: FleetView = {
    members: [],
    heard: new Map(),
    listeningSince: COMMITTED,
    traits: { head: "linearizable", nodes: "one" },
  };
  assert.deepEqual(receiptOf(revocation, none, afterMs(COMMITTED, 38)), {
    id: "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6",
    pos: "1.42",
    committed_at_ms: COMMITTED,
    as_of_ms: COMMITTED + 38,
    targets: [
      { type: "session", sid: SID },
      { type: "family", sid: SID, fam: "AAECAw" },
      { type: "token", jti: "j" },
      { type: "subject", subject: "u-81" },
      { type: "client", client_id: "web" },
    ],
    reason: "stolen_device",
    ticket: "SEC-81",
    actor: "ops@example",
    status: "complete",
    ended_sessions: 1,
    scanned_sessions: null,
    fleet: { verifiers: 0, enforced: 0, waiting: 0, no_bound: 0 },
    services: [],
    enforced_by_ms: COMMITTED + 38,
    tokens_expire_by_ms: COMMITTED + 605_000,
  });
});

test("a run that is under way promises nothing, whoever has applied what it has done so far [RCP-11]", () => {
  const run = { status: "running", began: pos("1.40"), since: COMMITTED, reached: null, scanned: 128 } as const;
  const fleet: FleetView = {
    members: [aMember()],
    heard: new Map([["a", { connected: true, applied: pos("1.42"), keys: 1, lastPing: COMMITTED }]]),
    listeningSince: COMMITTED,
    traits: { head: "linearizable", nodes: "one" },
  };
  const targets = [{ kind: "query", query: {} }] as const;
  const running = receiptOf(aRevocation({ targets, run }), fleet, COMMITTED);
  assert.deepEqual([running.status, running.enforced_by_ms, running.scanned_sessions], ["running", null, 128]);
  const complete = receiptOf(aRevocation({ targets, run: { ...run, status: "complete" } }), fleet, COMMITTED);
  assert.deepEqual([complete.status, complete.enforced_by_ms, complete.fleet.enforced], ["complete", COMMITTED, 1]);
  assert.ok(!("unreadable_sessions" in complete) && !("counting" in complete));
  const some = { ...run, status: "incomplete", unreadable: 2 } as const;
  const incomplete = receiptOf(aRevocation({ targets, run: some }), fleet, COMMITTED);
  assert.deepEqual(
    [incomplete.status, incomplete.enforced_by_ms, incomplete.unreadable_sessions],
    ["incomplete", null, 2],
  );
});

test("a client's cut-off is complete and bounded with its commit, and says that it still counts [RCP-16]", () => {
  const run = { status: "running", began: null, since: COMMITTED, reached: null, scanned: 0, clients: [] } as const;
  const fleet: FleetView = {
    members: [aMember()],
    heard: new Map(),
    listeningSince: COMMITTED,
    traits: { head: "linearizable", nodes: "many" },
  };
  const targets = [{ kind: "client", client: "web" as ClientId }] as const;
  const counting = receiptOf(aRevocation({ targets, run }), fleet, COMMITTED);
  assert.deepEqual([counting.status, counting.counting], ["complete", true]);
  assert.ok((counting.enforced_by_ms ?? 0) > COMMITTED);
  const counted = receiptOf(aRevocation({ targets, run: { ...run, status: "complete" } }), fleet, COMMITTED);
  assert.deepEqual([counted.status, counted.counting], ["complete", undefined]);
});

const reports: readonly [title: string, given: readonly [applied: string, late: number][], late: number | null][] = [
  ["nothing was reported", [], null],
  ["nothing was reported before the commit", [["1.42", 9]], null],
  ["nothing was reported since", [["1.41", 9]], null],
  [
    "none was accepted meanwhile",
    [
      ["1.41", 9],
      ["1.42", 9],
    ],
    0,
  ],
  [
    "some were accepted meanwhile",
    [
      ["1.41", 7],
      ["1.42", 9],
    ],
    2,
  ],
  [
    "what was accepted later belongs to others",
    [
      ["1.41", 7],
      ["1.42", 9],
      ["1.43", 80],
    ],
    2,
  ],
  [
    "what was reported together counts for each",
    [
      ["1.39", 7],
      ["1.45", 9],
    ],
    2,
  ],
  [
    "the last report before the commit counts",
    [
      ["1.39", 5],
      ["1.41", 7],
      ["1.42", 9],
    ],
    2,
  ],
  [
    "an epoch has begun since, with small numbers",
    [
      ["1.41", 7],
      ["2.3", 9],
    ],
    2,
  ],
  [
    "an epoch has begun since",
    [
      ["1.41", 7],
      ["2.43", 9],
    ],
    2,
  ],
];
for (const [title, given, late] of reports) {
  test(`tokens accepted meanwhile are counted by service: ${title} [RCP-12]`, () => {
    const heard: Heard = {
      connected: true,
      applied: pos("1.45"),
      keys: 1,
      lastPing: COMMITTED,
      reports: given.map(([applied, lateAccepts]) => ({ applied: pos(applied), lateAccepts })),
    };
    const fleet: FleetView = {
      members: [aMember(), aMember({ instance: "b" })],
      heard: new Map([["a", heard]]),
      listeningSince: COMMITTED,
      traits: { head: "linearizable", nodes: "one" },
    };
    const [service] = receiptOf(aRevocation(), fleet, COMMITTED).services;
    assert.deepEqual([service?.reported, service?.late_accepts], late === null ? [0, 0] : [1, late]);
  });
}

test("who waits waits for the connected ones only, and for all of them [RCP-7]", () => {
  const heard = (applied: string | null, connected: boolean): Heard => ({
    connected,
    applied: applied === null ? null : pos(applied),
    keys: 1,
    lastPing: null,
  });
  const at = pos("1.42");
  assert.equal(connectedHaveApplied(at, []), true);
  assert.equal(connectedHaveApplied(at, [heard("1.42", true), heard("1.41", false)]), true);
  assert.equal(connectedHaveApplied(at, [heard("1.42", true), heard("1.41", true)]), false);
  assert.equal(connectedHaveApplied(at, [heard(null, true)]), false);
});

/** One verifier's life around a commit: pings with when they were sent, when they arrived, and at which node. */
interface Life {
  readonly maxStaleness: number;
  readonly pings: readonly { readonly sent: number; readonly delay: number; readonly here: boolean }[];
  readonly nodes: "one" | "many";
  readonly listeningSince: number;
  readonly now: number;
}

const life: fc.Arbitrary<Life> = fc.record({
  maxStaleness: fc.integer({ min: 1000, max: 5000 }),
  pings: fc.array(
    fc.record({
      sent: fc.integer({ min: -8000, max: 3000 }),
      delay: fc.integer({ min: 0, max: 3000 }),
      here: fc.boolean(),
    }),
    { maxLength: 8 },
  ),
  nodes: fc.constantFrom("one" as const, "many" as const),
  listeningSince: fc.integer({ min: -9000, max: 2000 }),
  now: fc.integer({ min: 0, max: 9000 }),
});

/** The last instant at which it can accept a token that was revoked at 0: the end of every lease whose ping was answered before. */
function acceptsUntil({ pings, maxStaleness }: Life): number {
  const leases = pings.filter(({ sent, delay }) => sent + delay < 0).map(({ sent }) => sent + maxStaleness);
  return Math.max(Number.NEGATIVE_INFINITY, ...leases);
}

/** What the node that writes the receipt knows by `now`. One node only: every ping since it listens came to it. */
function knownOf(one: Life): FleetView {
  const heard = one.pings
    .filter(({ here }) => here || one.nodes === "one")
    .map(({ sent, delay }) => sent + delay)
    .filter((arrived) => arrived >= one.listeningSince && arrived <= one.now);
  const member = aMember({ maxStaleness: one.maxStaleness });
  const lastPing = heard.length === 0 ? null : afterMs(COMMITTED, Math.max(...heard));
  return {
    members: [member],
    heard: new Map(lastPing === null ? [] : [["a", { connected: true, applied: null, keys: 1, lastPing }]]),
    listeningSince: afterMs(COMMITTED, one.listeningSince),
    traits: { head: "linearizable", nodes: one.nodes },
  };
}

const neverTooEarly = (know: (one: Life) => FleetView) =>
  fc.property(life, (one) => {
    const now = afterMs(COMMITTED, one.now);
    const receipt = receiptOf(aRevocation(), know(one), now);
    const end = COMMITTED + acceptsUntil(one);
    assert.ok(receipt.enforced_by_ms !== null && receipt.enforced_by_ms >= Math.min(end, Number.MAX_SAFE_INTEGER));
    if (receipt.fleet.enforced === 1) assert.ok(now >= end, "enforced while it can still accept");
    // And it promises nothing later than the commit and M.
    assert.ok(receipt.enforced_by_ms <= Math.max(now, COMMITTED + one.maxStaleness));
  });

test("whatever pings were answered when, the bound is never earlier than true [RCP-3] [RCP-5]", () => {
  fc.assert(neverTooEarly(knownOf), { numRuns: 3000 });
});

test("what is shown late counts from there, for a minute at most [RCP-3]", () => {
  const by = (shown: number): number | null =>
    receiptOf(aRevocation(), { ...knownOf(OLD), shownBy: afterMs(COMMITTED, shown) }, afterMs(COMMITTED, 0))
      .enforced_by_ms;
  assert.deepEqual(
    [by(-5), by(0), by(70), by(60_000), by(90_000)],
    [0, 0, 70, 60_000, 60_000].map((ms) => COMMITTED + ms + 4000),
  );
});

/** On several nodes: nobody knows its last ping. */
const OLD: Life = { maxStaleness: 4000, pings: [], nodes: "many", listeningSince: 0, now: 0 };

const wrong: readonly [title: string, know: (one: Life) => FleetView][] = [
  ["a node that thinks it is alone", (one) => ({ ...knownOf(one), traits: { head: "linearizable", nodes: "one" } })],
  [
    "a node that thinks it has always listened",
    (one) => ({ ...knownOf(one), listeningSince: afterMs(COMMITTED, -90_000) }),
  ],
  [
    "a row with a shorter M than the verifier's",
    (one) => ({ ...knownOf(one), members: [aMember({ maxStaleness: one.maxStaleness - 500 })] }),
  ],
  ["a fleet that forgot the verifier", (one) => ({ ...knownOf(one), members: [] })],
];
for (const [title, know] of wrong) {
  test(`the property finds ${title} [RCP-6]`, () => {
    assert.equal(fc.check(neverTooEarly(know), { numRuns: 3000 }).failed, true);
  });
}
