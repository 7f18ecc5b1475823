import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_ACTIVITY } from "@hallpass/protocol";
import { Activity, type ActivityPairs } from "./activity.ts";

const sidOf = (n: number): string => `019a9c3e-6f1a-7c41-9a52-${n.toString(16).padStart(12, "0")}`;

function reporting(answer: () => boolean = () => true) {
  const sent: ActivityPairs[] = [];
  const timers: (() => void)[] = [];
  const scheduler = {
    after: (_ms: number, task: () => void) => {
      timers.push(task);
      return () => void timers.splice(timers.indexOf(task), 1);
    },
  };
  const activity = new Activity(scheduler, (pairs) => {
    const taken = answer();
    if (taken) sent.push(pairs.map(([sid, at]) => [sid, at] as const));
    return taken;
  });
  return { activity, sent, timers };
}

describe("reported activity of sessions", () => {
  it("names each session once, with the last time it was used, in whole milliseconds [CONN-7]", () => {
    const { activity, sent, timers } = reporting();
    activity.note(sidOf(1), 1000.9);
    activity.note(sidOf(2), 1500);
    activity.note(sidOf(1), 2000.2);
    activity.note(sidOf(3), -5);
    timers[0]?.();
    assert.deepEqual(sent, [
      [
        [sidOf(1), 2000],
        [sidOf(2), 1500],
        [sidOf(3), 0],
      ],
    ]);
    assert.equal(timers.length, 0);
  });

  it("goes out at the thousandth session, not before, and starts again [CONN-7]", () => {
    const { activity, sent } = reporting();
    for (let n = 0; n < MAX_ACTIVITY - 1; n += 1) activity.note(sidOf(n), n);
    assert.equal(sent.length, 0);
    activity.note(sidOf(0), 7);
    assert.equal(sent.length, 0);
    activity.note(sidOf(MAX_ACTIVITY), 1);
    assert.equal(sent[0]?.length, MAX_ACTIVITY);
    activity.note(sidOf(1), 9);
    activity.flush();
    assert.deepEqual(sent[1], [[sidOf(1), 9]]);
  });

  it("waits while it can't be sent, and forgets the oldest beyond 50,000", () => {
    let open = false;
    const { activity, sent, timers } = reporting(() => open);
    for (let n = 0; n <= 50_000; n += 1) activity.note(sidOf(n), n);
    assert.equal(sent.length, 0);
    open = true;
    timers[0]?.();
    assert.equal(sent[0]?.length, 50_001 - MAX_ACTIVITY);
    assert.deepEqual(sent[0][0], [sidOf(MAX_ACTIVITY), MAX_ACTIVITY]);
  });

  it("sends nothing where no session was used", () => {
    const { activity, sent } = reporting();
    activity.flush();
    activity.close();
    assert.deepEqual(sent, []);
  });

  it("that was taken for a pull and given back is there again, unless it was noted since", () => {
    const activity = new Activity(undefined, () => false);
    for (let n = 0; n < MAX_ACTIVITY + 1; n += 1) activity.note(sidOf(n), n);
    const first = activity.take();
    assert.equal(first.pairs.length, MAX_ACTIVITY);
    activity.note(sidOf(3), 9999);
    first.giveBack();
    const again = new Map(activity.take().pairs);
    assert.equal(again.get(sidOf(3)), 9999);
    assert.equal(again.get(sidOf(4)), 4);
    assert.equal(activity.take().pairs.length, 1);
  });
});
