// Two nodes on one store that says it serves many, and the receipts that the first one makes.

import { type Revocation, readFleet, readNoted, receiptOf, type Store } from "@hallpass/core";
import type { Receipt } from "@hallpass/protocol";
import type { FeedHub } from "../hub.ts";
import { settled } from "./hand-time.ts";
import { Peer } from "./peer.ts";
import { aWorld, type MakeStore, TENANT, type World } from "./world.ts";

/** Milliseconds: the M of verifiers that say nothing else. */
export const M = 60_000;

export interface Stage {
  readonly world: World;
  readonly a: FeedHub;
  readonly b: FeedHub;
}

export async function twoNodes(makeStore: MakeStore): Promise<Stage> {
  const world = await aWorld(makeStore);
  return { world, a: world.hub({ node: "AAAA", nodeName: "a" }), b: world.hub({ node: "BBBB", nodeName: "b" }) };
}

export async function joined({ world }: Stage, hub: FeedHub, name: string, asks: object = {}): Promise<Peer> {
  const peer = new Peer(hub, await world.bearer(), name);
  peer.hello({ max_staleness_ms: M, ...asks });
  await settled();
  peer.ping();
  await world.time.pass(200);
  return peer;
}

export async function acknowledge({ world }: Stage, peer: Peer, hub: FeedHub): Promise<void> {
  hub.headMoved();
  await settled();
  peer.ping();
  await world.time.pass(200);
}

/** The receipt as the first node makes it: who is enforced, and the bounds of the others. */
export async function receiptAtA(
  { world, a }: Stage,
  revocation: Revocation,
  store: Store = world.store,
): Promise<Receipt> {
  const members = await readFleet(store, TENANT);
  const { applied: noted } = await readNoted(store, TENANT, members);
  const fleet = { members, heard: a.heard(), noted, listeningSince: a.listeningSince, traits: store.traits };
  return receiptOf(revocation, fleet, (await store.read([])).clock);
}

export const countsOf = async (
  stage: Stage,
  revocation: Revocation,
): Promise<readonly [enforced: number, waiting: number]> => {
  const { enforced, waiting } = (await receiptAtA(stage, revocation)).fleet;
  return [enforced, waiting];
};
