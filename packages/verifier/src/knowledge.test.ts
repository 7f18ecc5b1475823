// What ends the lease and what a snapshot leaves behind, without a connection around it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64url, type Notice, type SnapshotFrame, type Welcome } from "@hallpass/protocol";
import { type Change, Knowledge } from "./knowledge.ts";

const welcome = (salt: number): Welcome => ({
  type: "welcome",
  feed: 1,
  issuer: "https://auth.example",
  tenant: "default",
  node: "n1",
  salt: encodeBase64url(new Uint8Array(16).fill(salt)),
  skew_s: 5,
  max_lifetime_s: 3600,
  token_expires_ms: 9000,
  resumed: false,
});
const token = (seq: number): Notice => ({
  pos: { epoch: 1, seq },
  at: 0,
  until: 9000,
  taking: { kind: "token", jti: `t${seq}` },
});
const snapshot = (given: Partial<SnapshotFrame>): SnapshotFrame => ({
  type: "snapshot",
  part: 1,
  last: true,
  to: { epoch: 1, seq: 12 },
  cursor: "c12",
  horizon: 600,
  notices: [token(12)],
  unknownKinds: [],
  ...given,
});

function heldView(): { readonly knowledge: Knowledge; readonly changes: Change[]; readonly age: () => number } {
  const changes: Change[] = [];
  const knowledge = new Knowledge((change) => changes.push(change));
  knowledge.welcome(welcome(1));
  knowledge.applyKeys({ type: "keys", version: 7, keys: [] }, true);
  knowledge.apply(snapshot({}));
  knowledge.lease.grant({ wall: 0, mono: 0 });
  assert.equal(knowledge.lease.age(1000, 1000), 1001);
  return { knowledge, changes, age: () => knowledge.lease.age(1000, 1000) };
}

test("another salt ends the lease and the view, the same one neither [NOT-2] [LEASE-7]", () => {
  const { knowledge, changes, age } = heldView();
  knowledge.welcome(welcome(1));
  assert.deepEqual([age(), knowledge.known === undefined], [1001, false]);
  changes.length = 0;
  knowledge.welcome(welcome(2));
  assert.deepEqual([age(), knowledge.known, knowledge.applied], [Number.POSITIVE_INFINITY, undefined, undefined]);
  assert.deepEqual(changes, [{ kind: "salt" }]);
});

test("a salt that begins as the one held does, and is longer or shorter, is another [NOT-2]", () => {
  for (const length of [15, 17]) {
    const { knowledge, age } = heldView();
    knowledge.welcome({ ...welcome(1), salt: encodeBase64url(new Uint8Array(length).fill(1)) });
    assert.deepEqual([age(), knowledge.known], [Number.POSITIVE_INFINITY, undefined]);
  }
});

test("older keys end the lease, and the connection unless they are its first ones [LEASE-7]", () => {
  for (const [version, first, leave, expected] of [
    [7, false, false, 1001],
    [8, false, false, 1001],
    [6, false, true, Number.POSITIVE_INFINITY],
    [6, true, false, Number.POSITIVE_INFINITY],
  ] as const) {
    const { knowledge, age } = heldView();
    assert.equal(knowledge.applyKeys({ type: "keys", version, keys: [] }, first), leave);
    assert.equal(age(), expected);
  }
});

test("a snapshot that was broken off leaves nothing in the one that follows [FEED-1]", () => {
  const { knowledge, changes } = heldView();
  for (const [index, next] of [snapshot({}), snapshot({ last: false, notices: [] })].entries()) {
    knowledge.apply(snapshot({ last: false, notices: [token(3), token(4)] }));
    assert.equal(knowledge.tracked, 1, "until it is whole, what was known before counts");
    changes.length = 0;
    knowledge.apply(next);
    if (index === 1) knowledge.apply(snapshot({ part: 2 }));
    assert.equal(knowledge.tracked, 1);
    const told = changes.flatMap((change) => (change.kind === "notices" ? change.notices() : []));
    assert.deepEqual(told, [token(12)]);
    assert.equal(changes.at(-1)?.kind, "replaced");
  }
});

test("a frame without notices is told to nobody, and one with a notice as it is [FEED-5]", () => {
  const { knowledge, changes } = heldView();
  const before = changes.length;
  const frame = { type: "notices", cursor: "c13", horizon: 600, unknownKinds: [] } as const;
  knowledge.apply({ ...frame, after: { epoch: 1, seq: 12 }, to: { epoch: 1, seq: 12 }, notices: [] });
  assert.equal(changes.length, before);
  const revision = knowledge.known?.revision ?? 0;
  knowledge.apply({ ...frame, after: { epoch: 1, seq: 12 }, to: { epoch: 1, seq: 13 }, notices: [token(13)] });
  const told = changes.slice(before).flatMap((change) => (change.kind === "notices" ? change.notices() : []));
  assert.deepEqual([told, knowledge.known?.revision], [[token(13)], revision + 1]);
});

test("what the horizon has reached is dropped from the table, and the horizon never falls [FEED-5]", () => {
  const { knowledge } = heldView();
  const frame = { type: "notices", cursor: "c12", unknownKinds: [], notices: [] } as const;
  const interval = { after: { epoch: 1, seq: 20 }, to: { epoch: 1, seq: 20 } };
  knowledge.apply(
    snapshot({
      to: { epoch: 1, seq: 20 },
      notices: Array.from({ length: 20 }, (_, n) => ({ ...token(n), until: 8000 })),
    }),
  );
  knowledge.apply({ ...frame, ...interval, horizon: 7999 });
  assert.equal(knowledge.tracked, 20);
  knowledge.apply({ ...frame, ...interval, horizon: 8000 });
  assert.deepEqual([knowledge.tracked, knowledge.known?.horizon], [0, 8000]);
  knowledge.apply(snapshot({ to: { epoch: 1, seq: 20 }, horizon: 100 }));
  assert.equal(knowledge.known?.horizon, 8000);
});

test("only a live view that has keys can be pinged for [FEED-1] [LEASE-1]", () => {
  const knowledge = new Knowledge(() => {});
  knowledge.welcome(welcome(1));
  knowledge.apply(snapshot({}));
  assert.equal(knowledge.applied, undefined, "no keys");
  const ping = { at: { wall: 0, mono: 0 }, applied: { epoch: 1, seq: 12 } };
  const head = { type: "head", n: "n", pos: { epoch: 1, seq: 12 }, keys: 7, time: 0 } as const;
  assert.equal(knowledge.answer(head, ping), "nothing");
  knowledge.applyKeys({ type: "keys", version: 7, keys: [] }, true);
  assert.deepEqual(knowledge.applied, { epoch: 1, seq: 12 });
  assert.equal(knowledge.answer(head, ping), "granted");
  assert.equal(knowledge.lease.age(1000, 1000), 1001);
  knowledge.apply(snapshot({ last: false }));
  assert.deepEqual([knowledge.applied, knowledge.answer(head, ping)], [undefined, "nothing"]);
});

test("a head that answers no ping of ours grants nothing, and a contradiction loses the view [LEASE-2] [LEASE-7]", () => {
  const { knowledge, age } = heldView();
  const head = { type: "head", n: "n", pos: { epoch: 1, seq: 12 }, keys: 7, time: 0 } as const;
  const beyond = { ...head, pos: { epoch: 2, seq: 12 } };
  for (const one of [head, beyond]) assert.equal(knowledge.answer(one, undefined), "nothing");
  assert.equal(age(), 1001);
  assert.equal(knowledge.answer(beyond, { at: { wall: 9, mono: 9 }, applied: { epoch: 1, seq: 12 } }), "gap");
  assert.equal(age(), Number.POSITIVE_INFINITY);
  assert.equal(knowledge.view.state === "lost" && knowledge.view.why, "gap");
});

test("a verifier that is told nothing but notices replaces no view by them [FEED-1] [FEED-2]", () => {
  const changes: Change[] = [];
  const knowledge = new Knowledge((change) => changes.push(change));
  knowledge.welcome(welcome(1));
  changes.length = 0;
  const notices = { type: "notices", cursor: "c", horizon: 0, unknownKinds: [], notices: [token(1)] } as const;
  assert.equal(knowledge.apply({ ...notices, after: { epoch: 1, seq: 0 }, to: { epoch: 1, seq: 1 } }), true);
  assert.deepEqual([knowledge.known, knowledge.tracked, changes], [undefined, 0, []]);
});
