// What a receipt says of each service, of what other nodes have noted, and of pings that are being answered.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_SILENT_LISTED, type Position, type Receipt } from "@hallpass/protocol";
import { afterMs, instantOf } from "../kernel/time.ts";
import { SID } from "../testing/builders.ts";
import type { FleetMember, Heard } from "./fleet.ts";
import { type FleetView, type Revocation, receiptOf } from "./receipt.ts";

const COMMITTED = instantOf(1_764_000_000_000);
const M = 60_000;
const POS: Position = { epoch: 1, seq: 42 };

const revocation: Revocation = {
  id: "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6",
  pos: POS,
  committed: COMMITTED,
  targets: [{ kind: "session", session: SID }],
  reason: null,
  ticket: null,
  actor: null,
  endedSessions: 1,
  tokensExpireBy: afterMs(COMMITTED, 605_000),
};

function aMember(instance: string, changes: Partial<FleetMember> = {}): FleetMember {
  const noted = afterMs(COMMITTED, -5000);
  return {
    instance,
    service: "api",
    region: null,
    software: "1",
    maxStaleness: M,
    onStale: "unavailable",
    joined: noted,
    lastNoted: noted,
    join: null,
    ...changes,
  };
}

function heard(changes: Partial<Heard> = {}): Heard {
  return { connected: true, applied: null, keys: 1, lastPing: afterMs(COMMITTED, -1000), ...changes };
}

function receipt(fleet: Partial<FleetView>, now = COMMITTED): Receipt {
  const view: FleetView = {
    members: [aMember("a")],
    heard: new Map(),
    listeningSince: afterMs(COMMITTED, -500),
    traits: { head: "linearizable", nodes: "one" },
    ...fleet,
  };
  return receiptOf(revocation, view, now);
}

test("each service is told of its own verifiers, by name, with the last of their bounds [RCP-3] [RCP-10]", () => {
  const { services, enforced_by_ms: by } = receipt({
    members: [aMember("w", { service: "web" }), aMember("a"), aMember("b", { region: "eu" }), aMember("c")],
    heard: new Map([
      ["a", heard()],
      ["b", heard({ lastPing: afterMs(COMMITTED, -3000) })],
      ["c", heard({ applied: POS, reports: [] })],
      ["w", heard({ applied: POS })],
    ]),
  });
  const none = { no_bound: 0, reported: 0, late_accepts: 0 };
  assert.deepEqual(services, [
    {
      service: "api",
      ...none,
      verifiers: 3,
      enforced: 1,
      waiting: 2,
      refuses_by_ms: COMMITTED - 1000 + M,
      silent: [
        { instance: "a", region: null, last_seen_ms: COMMITTED - 1000, refuses_by_ms: COMMITTED - 1000 + M },
        { instance: "b", region: "eu", last_seen_ms: COMMITTED - 3000, refuses_by_ms: COMMITTED - 3000 + M },
      ],
    },
    { service: "web", ...none, verifiers: 1, enforced: 1, waiting: 0, refuses_by_ms: null, silent: [] },
  ]);
  assert.equal(by, COMMITTED - 1000 + M);
});

test("a verifier that this node has not heard was last seen when its row was written [RCP-10]", () => {
  for (const [known, seen] of [
    [new Map(), -5000],
    [new Map([["a", heard({ lastPing: null })]]), -5000],
    [new Map([["a", heard({ lastPing: afterMs(COMMITTED, -6000) })]]), -6000],
  ] as const)
    assert.equal(receipt({ heard: known }).services[0]?.silent[0]?.last_seen_ms, COMMITTED + seen);
});

test("what a verifier has acknowledged to another node counts, from the revocation's position on [RCP-2]", () => {
  for (const [seq, enforced] of [
    [41, 0],
    [42, 1],
    [43, 1],
  ] as const) {
    const noted = new Map([["a", { epoch: 1, seq }]]);
    assert.equal(receipt({ noted, traits: { head: "linearizable", nodes: "many" } }).fleet.enforced, enforced);
  }
  assert.equal(receipt({ noted: new Map([["b", POS]]) }).fleet.enforced, 0);
});

test("a ping that is being answered may grant a lease: its verifier's bound is M after the commit [RCP-3]", () => {
  const by = (answering: boolean): number | null =>
    receipt({ heard: new Map([["a", heard({ answering })]]) }).enforced_by_ms;
  assert.deepEqual([by(false), by(true)], [COMMITTED - 1000 + M, COMMITTED + M]);
});

test("a receipt costs what its fleet is large, however many services there are and whoever invents them [NB-61]", () => {
  const crowd = Array.from({ length: 10_000 }, (_, at) => aMember(`x-${at}`, { service: `s-${at}` }));
  const before = process.cpuUsage();
  const { services, fleet } = receipt({ members: crowd });
  const { user } = process.cpuUsage(before);
  assert.deepEqual([services.length, services[9999]?.service, fleet.waiting], [10_000, "s-9999", 10_000]);
  assert.ok(user < 500_000, `${user} microseconds`);
  // More than a function takes arguments.
  const same = aMember("x");
  const many = receipt({ members: Array.from({ length: 200_000 }, () => same), heard: new Map([["x", heard()]]) });
  assert.equal(many.enforced_by_ms, COMMITTED - 1000 + M);
  assert.equal(many.services[0]?.refuses_by_ms, COMMITTED - 1000 + M);
});

test("of more silent verifiers than a receipt lists those without a bound come first and the latest after them, and the rest is counted [RCP-19]", () => {
  const named = (at: number): string => `api-${String(at).padStart(5, "0")}`;
  const api = Array.from({ length: 20_000 }, (_, at) =>
    aMember(named(at), { maxStaleness: at === 19_000 ? 2 * M : M }),
  );
  const members = [...api, aMember("done"), aMember("w", { service: "web", onStale: "accept" })];
  const known = new Map([["done", heard({ applied: POS })]]);
  const { fleet, services } = receipt({ members, heard: known });
  assert.deepEqual(fleet, { verifiers: 20_002, enforced: 1, waiting: 20_000, no_bound: 1 });
  const [first, second] = services;
  assert.deepEqual(
    [first?.verifiers, first?.enforced, first?.waiting, first?.silent_omitted],
    [20_001, 1, 20_000, 20_000 + 1 - MOST_SILENT_LISTED],
  );
  assert.deepEqual(
    first?.silent.map(({ instance }) => instance),
    [named(19_000), ...Array.from({ length: MOST_SILENT_LISTED - 2 }, (_, at) => named(at))],
  );
  assert.deepEqual(
    second?.silent.map(({ instance }) => instance),
    ["w"],
  );
  assert.ok(second !== undefined && !("silent_omitted" in second));
  // What enforces already takes no place.
  for (const [silent, omitted] of [
    [MOST_SILENT_LISTED - 1, undefined],
    [MOST_SILENT_LISTED, undefined],
    [MOST_SILENT_LISTED + 1, 1],
  ] as const) {
    const [one] = receipt({ members: [aMember("done"), ...api.slice(0, silent)], heard: known }).services;
    assert.deepEqual([one?.silent.length, one?.silent_omitted], [silent - (omitted ?? 0), omitted]);
  }
});
