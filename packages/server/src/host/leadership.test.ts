// Two nodes ask one store who leads; time stands in the test's hands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, LEADS_FOR, type Store } from "@hallpass/core";
import { createMemoryStore } from "@hallpass/store-memory";
import { handTime } from "../feed/testing/hand-time.ts";
import { type NodeLeadership, takePartInLeading } from "./leadership.ts";
import { tenantNamed } from "./make-services.ts";

const tenant = tenantNamed("main");
let made = 0;
const dice = { bytes: (length: number) => new Uint8Array(length).fill(made++) };

function aPair(nodes: "one" | "many" = "many") {
  const time = handTime();
  const inner = createMemoryStore({ clock: time.clock, dice, traits: { nodes } });
  const [commits, thrown]: [number[], unknown[]] = [[], []];
  const store: Store = {
    ...inner,
    commit: (changes) => {
      commits.push(changes.length);
      return inner.commit(changes);
    },
  };
  /** `isAsleep`: whether the process of this node is stopped, so that none of its timers runs. */
  const node = (name: string, isAsleep: () => boolean = () => false, own: Store = store): Promise<NodeLeadership> =>
    takePartInLeading(
      { store: own, dice, tenant },
      {
        clock: time.clock,
        scheduler: {
          after: (ms, task) => {
            const due = (): unknown => (isAsleep() ? time.scheduler.after(ms, due) : task());
            return time.scheduler.after(ms, due);
          },
        },
        candidate: { node: name, name },
        failed: (cause) => thrown.push(cause),
      },
    );
  return { time, store, node, commits, thrown };
}

test("a store for one process is led by that one, and nothing is written for it [NODE-3]", async () => {
  const { time, store, node, commits } = aPair("one");
  const alone = await node("a");
  await time.pass(60_000);
  let given: Store | undefined;
  await alone.led(async (led) => void (given = led))();
  assert.equal(given, store);
  await alone.stop();
  assert.deepEqual([alone.leads(), alone.term(), commits], [true, 0, []]);
});

test("the second node runs no task until the first has been silent for as long as it leads, and then it does [NODE-1]", async () => {
  const { time, node } = aPair();
  let asleep = false;
  const a = await node("a", () => asleep);
  const b = await node("b");
  const ran: string[] = [];
  const tasks = [a, b].map((one, at) => one.led(async () => void ran.push(at === 0 ? "a" : "b")));
  const runAll = async (): Promise<void> => {
    for (const task of tasks) await task();
  };
  await time.pass(60_000);
  await runAll();
  assert.deepEqual([ran, a.term(), b.term()], [["a"], 1, 1]);
  asleep = true;
  await time.pass(LEADS_FOR - 3000);
  await runAll();
  assert.deepEqual(ran, ["a", "a"]);
  await time.pass(6000);
  await runAll();
  assert.deepEqual([ran, a.leads(), b.leads(), b.term()], [["a", "a", "b"], false, true, 2]);
  await b.stop();
  asleep = false;
  await time.pass(3000);
  assert.deepEqual([a.leads(), a.term()], [true, 3], "one that stops lets the other lead at its next question");
  await a.stop();
});

test("a task of a node that was deposed meanwhile ends without a failure, and no further one runs [NODE-2]", async () => {
  const { time, store, node, thrown } = aPair();
  let asleep = false;
  const a = await node("a", () => asleep);
  let ran = 0;
  const task = a.led(async (led) => {
    ran += 1;
    asleep = true;
    await time.pass(LEADS_FOR);
    await (await node("b")).stop();
    await led.read([]);
  });
  await task();
  await task();
  assert.deepEqual([ran, thrown], [1, []]);
  assert.ok((await store.read([])).clock > 0);
});

test("a node that can't ask its store does not lead, and says what was wrong [NODE-1]", async () => {
  const { store, node, thrown } = aPair();
  const gone: Store = { ...store, read: () => Promise.reject(new Fault("store_unavailable")) };
  const a = await node("a", () => false, gone);
  let ran = 0;
  await a.led(async () => void (ran += 1))();
  await a.stop();
  assert.deepEqual([ran, a.leads(), a.term(), thrown.length], [0, false, 0, 1]);
});

test("what a task itself fails of is a failure [NODE-2]", async () => {
  const { node } = aPair();
  const a = await node("a");
  await assert.rejects(a.led(() => Promise.reject(new Fault("store_full")))(), Fault);
  await a.stop();
});
