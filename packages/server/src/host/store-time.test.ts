import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instant, Store } from "@hallpass/core";
import { createMemoryStore } from "@hallpass/store-memory";
import { type StoreTime, watchStoreTime } from "./store-time.ts";

const START = 1_800_000_000_000;
const HOUR = 3_600_000;

interface Site {
  readonly store: Store;
  readonly time: StoreTime;
  readonly pass: (ms: number) => void;
  readonly jump: (ms: number) => void;
  /** By when what was over was written down, in milliseconds since the start. */
  readonly written: readonly number[];
  readonly failing: (now: boolean) => void;
  /** Lets the next answer wait, after the store's clock was read for it. */
  readonly hold: (until: Promise<void>) => void;
  /** Milliseconds since the start that are believed when the store shows its clock. */
  readonly look: () => Promise<number>;
}

/** A store whose answer travels for `way` milliseconds after its clock was read. */
function aSite(way = 0): Site {
  let wall = START;
  let monotonic = 5000;
  const pass = (ms: number): void => {
    wall += ms;
    monotonic += ms;
  };
  const dice = { bytes: (length: number) => new Uint8Array(length) };
  const written: number[] = [];
  let fails = false;
  let held: Promise<void> | undefined;
  const memory = createMemoryStore({ clock: { now: () => wall as Instant }, dice });
  const read: Store["read"] = async (keys) => {
    const snapshot = await memory.read(keys);
    const until = held;
    held = undefined;
    await until;
    pass(way);
    return snapshot;
  };
  const { store, time } = watchStoreTime({ ...memory, read }, { monotonic: () => monotonic }, async (until) => {
    if (fails) throw new Error("the store is away");
    written.push(until - START);
  });
  return {
    store,
    time,
    pass,
    jump: (ms) => (wall += ms),
    written,
    failing: (now) => (fails = now),
    hold: (until) => {
      held = until;
    },
    look: async () => time.believed((await store.read([])).clock) - START,
  };
}

test("a store's clock that goes with the other is believed to the millisecond, however slow the store answers [RCP-2]", async () => {
  for (const way of [0, 3000]) {
    const site = aSite(way);
    assert.equal(await site.look(), 0);
    site.pass(60_000);
    assert.equal(await site.look(), 60_000 + way);
  }
});

test("a store's clock that jumps ahead is not believed, and time goes on without it [RCP-2]", async () => {
  const site = aSite();
  await site.look();
  site.jump(40_000);
  assert.ok((await site.look()) <= 0);
  site.pass(10_000);
  const believed = await site.look();
  assert.ok(believed <= 10_000 && believed > 9900, String(believed));
  site.jump(-40_000);
  assert.equal(await site.look(), 10_000);
});

test("a store's clock that is set back is followed at once, and not believed when it is set right [RCP-2]", async () => {
  const site = aSite();
  await site.look();
  site.jump(-40_000);
  assert.equal(await site.look(), -40_000);
  site.pass(1000);
  site.jump(40_000);
  const believed = await site.look();
  assert.ok(believed <= -39_000 && believed > -39_100, String(believed));
});

test("a jump of the store's clock is believed after an hour of the other clock, and not before [RCP-2]", async () => {
  const site = aSite();
  await site.look();
  site.jump(24 * HOUR);
  await site.look();
  site.pass(HOUR - 3);
  assert.ok((await site.look()) < HOUR);
  site.pass(3);
  assert.equal(await site.look(), 25 * HOUR);
});

test("before anything is answered by a clock that was set back, what it had outlived is written down, once [S-07] [NODE-11]", async () => {
  const site = aSite();
  await site.look();
  site.pass(600_000);
  await site.look();
  site.jump(-HOUR);
  const answers = await Promise.all([site.look(), site.look(), site.look()]);
  assert.deepEqual(site.written, [600_000]);
  for (const one of answers) assert.ok(Math.abs(one - (600_000 - HOUR)) < 10, String(one));
  site.pass(60_000);
  await site.look();
  site.jump(HOUR);
  await site.look();
  assert.deepEqual(site.written, [600_000], "a clock that is set right again has outlived nothing twice");
});

test("while that can't be written nothing is answered, and the next read tries again [S-07] [NODE-11]", async () => {
  const site = aSite();
  await site.look();
  site.jump(-HOUR);
  site.failing(true);
  await assert.rejects(site.look(), /the store is away/);
  await assert.rejects(site.look(), /the store is away/);
  site.failing(false);
  await site.look();
  assert.deepEqual(site.written, [0]);
});

test("a jump ahead that is taken back has outlived nothing, and less than a second is no going back [S-06] [S-07] [NODE-11]", async () => {
  const site = aSite();
  await site.look();
  site.jump(24 * HOUR);
  await site.look();
  site.jump(-24 * HOUR);
  await site.look();
  site.jump(-1000);
  await site.look();
  assert.deepEqual(site.written, []);
  site.jump(-1001);
  await site.look();
  assert.deepEqual(site.written, [0]);
});

test("an answer that others overtook on its way shows no clock that was set back, and one that shows more than that does [S-07] [NODE-11]", async () => {
  for (const back of [0, 5000]) {
    const site = aSite();
    await site.look();
    site.jump(-back);
    const slow = Promise.withResolvers<void>();
    site.hold(slow.promise);
    const late = site.look();
    // Its clock has been read.
    await new Promise((resolve) => setImmediate(resolve));
    site.jump(back);
    site.pass(3000);
    await site.look();
    slow.resolve();
    await late;
    assert.deepEqual(site.written, back === 0 ? [] : [3000]);
  }
});
