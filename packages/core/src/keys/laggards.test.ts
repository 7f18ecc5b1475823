// For whom a rotation waits, and for whom it does not.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetMember, Heard } from "../revocation/fleet.ts";
import { RENEW_EVERY } from "../revocation/fleet.ts";
import { at, START } from "../testing/builders.ts";
import { type Listeners, laggardsOf, NOBODY } from "./laggards.ts";

const M = 5000;
const member: FleetMember = {
  instance: "gw-1",
  service: "gateway",
  region: null,
  software: "test",
  maxStaleness: M,
  onStale: "unavailable",
  joined: START,
  lastNoted: START,
  join: null,
};
const heard: Heard = { connected: false, applied: null, keys: 1, lastPing: START };

function waitedFor(ms: number, changes: Partial<Listeners> = {}): readonly string[] {
  return laggardsOf({ ...NOBODY, listeningSince: START, members: [member], ...changes }, 2, at(ms));
}
const hearing = (changes: Partial<Heard>): Partial<Listeners> => ({
  heard: new Map([["gw-1", { ...heard, ...changes }]]),
});

test("a rotation waits for who is connected and has not acknowledged the key, however long ago it was heard [JWKS-5]", () => {
  assert.deepEqual(waitedFor(10 * M, hearing({ connected: true })), ["gw-1"]);
  for (const keys of [2, 3]) assert.deepEqual(waitedFor(0, hearing({ connected: true, keys })), []);
  assert.deepEqual(waitedFor(0, { members: [{ ...member, keys: 2 }], ...hearing({ connected: true }) }), []);
  assert.deepEqual(waitedFor(0, { members: [{ ...member, keys: 1 }], ...hearing({ connected: true }) }), ["gw-1"]);
});

test("it waits for who is gone until the last lease is over, and from this node's start for who was never heard here [JWKS-5]", () => {
  for (const listeners of [hearing({}), hearing({ lastPing: null }), {}]) {
    assert.deepEqual(waitedFor(M - 1, listeners), ["gw-1"]);
    assert.deepEqual(waitedFor(M, listeners), []);
  }
  assert.deepEqual(waitedFor(M + 999, hearing({ lastPing: at(1000) })), ["gw-1"]);
});

test("it waits for who goes on without a lease for as long as it is remembered [JWKS-5]", () => {
  assert.deepEqual(waitedFor(1000 * M, { members: [{ ...member, onStale: "accept" }] }), ["gw-1"]);
});

test("beside other nodes it waits for who any of them may still hear [JWKS-5]", () => {
  const lastNoted = at(60_000);
  const over = 60_000 + RENEW_EVERY + M;
  const listeners: Partial<Listeners> = { nodes: "many", members: [{ ...member, lastNoted }] };
  assert.deepEqual(waitedFor(over - 1, listeners), ["gw-1"]);
  assert.deepEqual(waitedFor(over, listeners), []);
  assert.deepEqual(waitedFor(over, { ...listeners, ...hearing({ lastPing: at(over - M + 1) }) }), ["gw-1"]);
});

test("who is waited for is named in order, and nobody where nothing is signed by the answer", () => {
  const members = ["gw-3", "gw-1", "gw-2"].map((instance) => ({ ...member, instance }));
  assert.deepEqual(waitedFor(0, { members }), ["gw-1", "gw-2", "gw-3"]);
  assert.deepEqual(laggardsOf(NOBODY, 2, START), []);
});
