// The door alone, with time in the test's hands: every boundary before, at and after.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Admission, createAdmission, type Lane } from "./admission.ts";
import type { LaneName } from "./lanes.ts";

const REFRESH = new TextEncoder().encode("grant_type=refresh_token&refresh_token=hpr_x");
const OWN = new TextEncoder().encode("grant_type=client_credentials&scope=feed");
const TOKEN = "/oauth2/token";
const REVOKE = "/v1/revocations";

interface Door {
  readonly admission: Admission;
  readonly traffic: Lane;
  /** Calls the look that waits, so many milliseconds after it was due. */
  look(lateMs?: number): void;
  readonly isLooking: () => boolean;
  readonly told: readonly Readonly<Partial<Record<LaneName, number>>>[];
}

function door(): Door {
  let drawn = 0;
  let now = 1000;
  let waiting: { readonly due: number; readonly task: () => void } | undefined;
  const told: Partial<Record<LaneName, number>>[] = [];
  const admission = createAdmission({
    clock: { monotonic: () => now },
    scheduler: {
      after: (ms, task) => {
        assert.equal(waiting, undefined, "one look at a time");
        waiting = { due: now + ms, task };
        return () => {};
      },
    },
    dice: {
      bytes: (length) => {
        drawn += 1;
        return new Uint8Array(length).fill(drawn);
      },
    },
    told: (turnedAway) => told.push(turnedAway),
  });
  return {
    admission,
    traffic: admission.laneOf("POST", TOKEN),
    look: (lateMs = 0) => {
      assert.ok(waiting !== undefined, "nobody looks");
      const { due, task } = waiting;
      waiting = undefined;
      now = due + lateMs;
      task();
    },
    isLooking: () => waiting !== undefined,
    told,
  };
}

function enter({ admission }: Door, target: string, body: Uint8Array = REFRESH): Lane | undefined {
  return admission.enter(admission.laneOf("POST", target), target, body);
}

function fill(one: Door, target: string, count: number): void {
  for (let n = 0; n < count; n += 1) assert.ok(enter(one, target) !== undefined, `place ${n + 1}`);
}

for (const [target, places] of [
  [TOKEN, 512],
  [REVOKE, 256],
  ["/v1/feed", 256],
  ["/healthz", 32],
] as const) {
  test(`${target} has ${places} places: the one beyond is turned away until one is given back [LOAD-1]`, () => {
    const one = door();
    fill(one, target, places - 1);
    const last = enter(one, target);
    assert.ok(last !== undefined);
    assert.equal(enter(one, target), undefined);
    last.leave();
    assert.equal(enter(one, target), last);
    assert.equal(enter(one, target), undefined);
  });
}

test("a full lane takes no place from any other [LOAD-2]", () => {
  const one = door();
  fill(one, TOKEN, 512);
  for (const target of [REVOKE, "/oauth2/revoke", "/v1/feed", "/readyz"])
    assert.ok(enter(one, target) !== undefined, target);
  const other = door();
  fill(other, REVOKE, 256);
  assert.ok(enter(other, TOKEN) !== undefined);
});

test("a client's token for itself has 64 places where traffic is full, and the door waits for its body; a refresh has none [LOAD-2]", () => {
  const one = door();
  const { admission, traffic } = one;
  fill(one, TOKEN, 512);
  assert.equal(admission.isShut(traffic, TOKEN), false);
  assert.equal(admission.isShut(traffic, "/v1/sessions"), true);
  assert.equal(enter(one, TOKEN, REFRESH), undefined);
  assert.equal(enter(one, "/v1/sessions", OWN), undefined, "elsewhere it means nothing");
  for (let n = 0; n < 64; n += 1) assert.equal(enter(one, TOKEN, OWN)?.name, "clients");
  assert.equal(enter(one, TOKEN, OWN), undefined);
});

test("nobody looks while at most 64 requests are under way, and the one beyond begins it [LOAD-3]", () => {
  const one = door();
  fill(one, TOKEN, 64);
  assert.equal(one.isLooking(), false);
  fill(one, TOKEN, 1);
  assert.equal(one.isLooking(), true);
});

for (const [late, places] of [
  [9.9, 512],
  [10, 512],
  [10.1, 256],
] as const) {
  test(`a look that comes ${late} ms late leaves ${places} places [LOAD-3]`, () => {
    const one = door();
    fill(one, TOKEN, 65);
    one.look(late);
    assert.equal(one.traffic.places, places);
  });
}

test("under looks that stay late the places halve down to 64 and no further; then they grow by 32 up to all of them, and nobody looks any more [LOAD-3]", () => {
  const one = door();
  fill(one, TOKEN, 65);
  const seen: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    one.look(50);
    seen.push(one.traffic.places);
  }
  assert.deepEqual(seen, [256, 128, 64, 64, 64, 64]);
  assert.equal(enter(one, TOKEN), undefined);
  for (let n = 0; n < 65; n += 1) one.traffic.leave();
  one.look();
  assert.equal(one.traffic.places, 96);
  for (let n = 0; n < 13; n += 1) one.look();
  assert.equal(one.traffic.places, 512);
  assert.equal(one.isLooking(), false);
});

for (const [waiting, places] of [
  [64, 512],
  [65, 256],
] as const) {
  test(`with ${waiting} requests that were let in a quarter of a second ago and still wait there are ${places} places [LOAD-3]`, () => {
    const one = door();
    fill(one, TOKEN, waiting + 1);
    if (!one.isLooking()) fill(one, TOKEN, 1);
    const { underWay } = one.traffic;
    // The first look writes down who is there, the thirteenth compares; who came in between is not asked about.
    one.look();
    fill(one, TOKEN, 100);
    for (let n = 0; n < 11; n += 1) one.look();
    for (let n = waiting; n < underWay; n += 1) one.traffic.leave();
    assert.equal(one.traffic.places, 512);
    one.look();
    assert.equal(one.traffic.places, places);
  });
}

/** A door at which so many are turned away for each that is let in, for long enough that nothing before counts. */
function under(perLetIn: number): Admission {
  const one = door();
  fill(one, TOKEN, 65);
  for (let n = 0; n < 500; n += 1) {
    one.traffic.leave();
    fill(one, TOKEN, 1);
    for (let away = 0; away < perLetIn; away += 1) one.traffic.turnAway();
    one.look();
  }
  return one.admission;
}

test("those who come back are spread over 2 s at least, over more the further the demand is above what was let in, over 30 s at most [LOAD-4]", () => {
  const spread = (admission: Admission): readonly number[] => {
    const drawn = Array.from({ length: 256 }, () => admission.retryAfter());
    return [Math.min(...drawn), Math.max(...drawn)];
  };
  const pressed = [0, 1, 5, 100].map((perLetIn) => spread(under(perLetIn)));
  assert.deepEqual(pressed, [
    [1, 2],
    [1, 2],
    [1, 10],
    [1, 30],
  ]);
});

for (const [waitingMs, places] of [
  [9.9, 512],
  [10, 512],
  [10.1, 256],
] as const) {
  test(`a look that finds somebody who has waited for ${waitingMs} ms for a turn of the loop leaves ${places} places [LOAD-3]`, () => {
    const one = door();
    one.admission.watch({ waitingMs: () => waitingMs });
    fill(one, TOKEN, 65);
    one.look();
    assert.equal(one.traffic.places, places);
  });
}

test("the log is told of those who were turned away once in a second and at the end, by lane, and of nothing where there was nobody [LOAD-5]", () => {
  const one = door();
  fill(one, TOKEN, 65);
  for (let n = 0; n < 49; n += 1) one.look();
  assert.deepEqual(one.told, []);
  for (let n = 0; n < 65; n += 1) one.traffic.leave();
  for (let n = 0; n < 7; n += 1) one.traffic.turnAway();
  one.admission.laneOf("POST", REVOKE).turnAway();
  one.look();
  assert.deepEqual(one.told, [{ revocations: 1, traffic: 7 }]);
  one.traffic.turnAway();
  while (one.isLooking()) one.look();
  assert.deepEqual(one.told, [{ revocations: 1, traffic: 7 }, { traffic: 1 }]);
});

test("whoever was to wait and finds no place is counted, and is no sign of too much to do [LOAD-5] [LOAD-7]", () => {
  const one = door();
  const { admission } = one;
  const waits = admission.lanes.find(({ name }) => name === "waits") ?? assert.fail();
  for (let n = 0; n < 256; n += 1) assert.equal(admission.enterWait(), waits);
  assert.equal(waits.turnedAway, 0);
  for (let n = 1; n <= 500; n += 1) {
    assert.equal(admission.enterWait(), undefined);
    assert.equal(waits.turnedAway, n);
  }
  while (one.isLooking() && one.told.length === 0) one.look();
  assert.equal(Math.max(...Array.from({ length: 256 }, () => admission.retryAfter())), 2);
  assert.deepEqual(one.told, [{ waits: 500 }]);
  waits.leave();
  assert.equal(admission.enterWait(), waits);
  assert.equal(waits.turnedAway, 500);
});
