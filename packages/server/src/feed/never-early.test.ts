// Two nodes and three verifiers that connect, acknowledge, fall silent and move as chance has it: no receipt is ever early.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Revocation, readFleet, readNodes, receiptOf } from "@hallpass/core";
import type { Receipt } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import fc from "fast-check";
import { settled } from "./testing/hand-time.ts";
import { Peer } from "./testing/peer.ts";
import { receiptAtA, type Stage, twoNodes } from "./testing/two-nodes.ts";
import { type MakeStore, TENANT } from "./testing/world.ts";

const shared: MakeStore = (ports) => createMemoryStore({ ...ports, traits: { nodes: "many" } });

/** Two nodes, three verifiers, whatever comes: a receipt never says of one that it refuses while it can still accept. */
type Step =
  | { readonly kind: "connect"; readonly who: number; readonly at: 0 | 1 }
  | { readonly kind: "ping" | "hangUp"; readonly who: number }
  | { readonly kind: "revoke" }
  | { readonly kind: "pass"; readonly ms: number };

const who = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("connect" as const), who, at: fc.constantFrom(0 as const, 1 as const) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("ping" as const, "hangUp" as const), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("revoke" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(5, 20, 60, 700, 2500) }),
  },
);
const SHORT = 2000;

async function neverEarly(steps: readonly Step[], isCareless: boolean): Promise<void> {
  const stage = await twoNodes(shared);
  const { world } = stage;
  const bearer = await world.bearer();
  const peers: (Peer | undefined)[] = [undefined, undefined, undefined];
  // What each has applied itself, in whatever connection, and until when its last lease runs.
  const views = peers.map(() => ({ applied: 0, until: 0 }));
  const revocations: Revocation[] = [];
  for (const one of steps) {
    if (one.kind === "pass") await world.time.pass(one.ms);
    if (one.kind === "revoke") revocations.push(await world.revokeAny());
    if (one.kind === "connect") {
      peers[one.who]?.hangUp();
      const peer = new Peer(one.at === 0 ? stage.a : stage.b, bearer, `v-${one.who}`);
      peer.hello({ max_staleness_ms: SHORT });
      peers[one.who] = peer;
    }
    if (one.kind === "hangUp") {
      peers[one.who]?.hangUp();
      peers[one.who] = undefined;
    }
    const peer = one.kind === "ping" ? peers[one.who] : undefined;
    const view = one.kind === "ping" ? views[one.who] : undefined;
    await settled();
    if (peer !== undefined && view !== undefined) {
      view.applied = Math.max(view.applied, peer.applied?.seq ?? 0);
      const answers = peer.heads.length;
      const sent = world.time.clock.now();
      peer.ping();
      await settled();
      if (peer.heads.length > answers && (peer.heads.at(-1)?.pos.seq ?? 0) <= view.applied) view.until = sent + SHORT;
    }
    const now = world.time.clock.now();
    for (const revocation of revocations) {
      const known = isCareless ? await carelessly(stage, revocation) : await receiptAtA(stage, revocation);
      const silent = new Set(known.services.flatMap((service) => service.silent.map(({ instance }) => instance)));
      views.forEach(({ applied, until }, index) => {
        const canAccept = applied < revocation.pos.seq && until > now;
        assert.ok(!canAccept || silent.has(`v-${index}`), `v-${index} is called enforced and can accept`);
      });
    }
  }
}

/** The broken variant: what a node has noted is taken for everyone who said hello to it. */
async function carelessly(stage: Stage, revocation: Revocation): Promise<Receipt> {
  const { world, a } = stage;
  const members = await readFleet(world.store, TENANT);
  const heads = (await readNodes(world.store, TENANT)).flatMap(({ head }) => head ?? []);
  const highest = heads.toSorted((one, other) => other.pos.seq - one.pos.seq)[0];
  const noted = new Map(highest === undefined ? [] : members.map(({ instance }) => [instance, highest.pos]));
  const fleet = { members, heard: a.heard(), noted, listeningSince: a.listeningSince, traits: world.store.traits };
  return receiptOf(revocation, fleet, world.time.clock.now());
}

describe("whatever verifiers and nodes do", () => {
  const property = (isCareless: boolean) =>
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30 }), (steps) => neverEarly(steps, isCareless));

  it("no receipt says that one refuses which can still accept [NODE-4] [NODE-5] [RCP-2]", async () => {
    await fc.assert(property(false), { numRuns: 6 });
  });

  it("and the property finds a node's row that is taken for everyone who said hello there [NODE-5]", async () => {
    const steps: readonly Step[] = [
      { kind: "connect", who: 0, at: 1 },
      { kind: "connect", who: 1, at: 1 },
      { kind: "ping", who: 0 },
      { kind: "ping", who: 1 },
      { kind: "revoke" },
      { kind: "pass", ms: 60 },
      { kind: "ping", who: 0 },
      { kind: "pass", ms: 60 },
    ];
    await neverEarly(steps, false);
    await assert.rejects(neverEarly(steps, true), /is called enforced and can accept/);
  });
});
