// The supervisor on workers that the test plays.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type HandTime, handTime, settled } from "../feed/testing/hand-time.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { type Supervisor, type SupervisorEvent, supervise, WorkerLeft } from "./supervisor.ts";

interface Played {
  readonly place: number;
  readonly told: ToWorker[];
  killed: boolean;
  say(message: FromWorker): void;
  leave(code: number | null): void;
}

interface Stage {
  readonly time: HandTime;
  readonly supervisor: Supervisor;
  readonly started: readonly Played[];
  readonly events: readonly SupervisorEvent[];
  /** The last one in that place. */
  at(place: number): Played;
}

function play(count: number): Stage {
  const time = handTime();
  const started: Played[] = [];
  const events: SupervisorEvent[] = [];
  const supervisor = supervise(count, {
    ...time,
    start: (place, heard, exited) => {
      const one: Played = { place, told: [], killed: false, say: heard, leave: exited };
      started.push(one);
      return {
        send: (message) => one.told.push(message),
        kill: () => {
          one.killed = true;
          exited(null);
        },
      };
    },
    told: (event) => events.push(event),
  });
  const at = (place: number): Played =>
    started.findLast((one) => one.place === place) ?? assert.fail(`nobody at ${place}`);
  return { time, supervisor, started, events, at };
}

async function allServing(count: number): Promise<Stage> {
  const stage = play(count);
  for (let place = 1; place <= count; place += 1) stage.at(place).say({ say: "serving" });
  await stage.supervisor.serving;
  return stage;
}

const places = (stage: Stage): readonly number[] => stage.started.map(({ place }) => place);

describe("workers", () => {
  it("start one first, and the others when that one serves [NODE-9]", async () => {
    const stage = play(3);
    await stage.time.pass(60_000);
    assert.deepEqual(places(stage), [1]);
    stage.at(1).say({ say: "serving" });
    await stage.supervisor.serving;
    assert.deepEqual(places(stage), [1, 2, 3]);
  });

  it("are none when the first one can't start, and its exit code is known [NODE-9]", async () => {
    const stage = play(3);
    stage.at(1).leave(2);
    await assert.rejects(stage.supervisor.serving, (error) => error instanceof WorkerLeft && error.code === 2);
    await stage.time.pass(60_000);
    assert.deepEqual(places(stage), [1]);
  });

  it("that die are replaced: at once after ten seconds of service, later and later before [NODE-9]", async () => {
    for (const [lived, againMs] of [
      [9999, 1000],
      [10_000, 0],
      [10_001, 0],
    ] as const) {
      const stage = await allServing(2);
      await stage.time.pass(lived);
      stage.at(2).leave(null);
      assert.deepEqual(stage.events.at(-1), { kind: "died", place: 2, code: null, againMs });
      await stage.time.pass(againMs);
      assert.deepEqual(places(stage), [1, 2, 2]);
    }
    const failing = await allServing(2);
    const waits: number[] = [];
    for (let tries = 0; tries < 7; tries += 1) {
      failing.at(2).leave(1);
      const event = failing.events.at(-1);
      if (event?.kind === "died") waits.push(event.againMs);
      await failing.time.pass(30_000);
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    assert.deepEqual(failing.at(1).told, []);
  });

  it("drain when the supervisor is told to stop, and none is replaced any more [NODE-9]", async () => {
    const stage = await allServing(2);
    stage.at(2).leave(1);
    const stopped = stage.supervisor.stop(15_000);
    assert.equal(stage.supervisor.stop(15_000), stopped);
    assert.deepEqual(stage.at(1).told, [{ say: "drain" }]);
    stage.at(1).leave(0);
    assert.equal(await stopped, true);
    await stage.time.pass(60_000);
    assert.deepEqual(places(stage), [1, 2]);
  });

  it("that have not drained within the limit are killed, and that is said [NODE-9]", async () => {
    const stage = await allServing(2);
    const stopped = stage.supervisor.stop(15_000);
    stage.at(1).leave(0);
    await stage.time.pass(14_999);
    assert.equal(stage.at(2).killed, false);
    await stage.time.pass(1);
    assert.equal(stage.at(2).killed, true);
    assert.equal(await stopped, false);
  });

  it("answer one page together, for whoever was asked, and two at once are not mixed up [NODE-9]", async () => {
    const stage = await allServing(3);
    const asked = (place: number): number => {
      const message = stage.at(place).told.at(-1);
      return message?.say === "page" ? message.ask : assert.fail(`worker ${place} is not asked`);
    };
    stage.at(2).say({ say: "pages", ask: 7, tenant: "default" });
    const first = [1, 2, 3].map(asked);
    stage.at(3).say({ say: "pages", ask: 7, tenant: "shop" });
    const second = [1, 2, 3].map(asked);
    for (const place of [3, 1, 2]) {
      stage.at(place).say({ say: "page", ask: second[place - 1] ?? 0, text: `shop ${place}` });
      stage.at(place).say({ say: "page", ask: first[place - 1] ?? 0, text: `own ${place}` });
    }
    assert.deepEqual(stage.at(2).told.at(-1), { say: "pages", ask: 7, texts: ["own 3", "own 1", "own 2"] });
    assert.deepEqual(stage.at(3).told.at(-1), { say: "pages", ask: 7, texts: ["shop 3", "shop 1", "shop 2"] });
  });

  it("that do not answer within two seconds, die meanwhile or have no page are left out of it [NODE-9]", async () => {
    const stage = await allServing(4);
    stage.at(1).say({ say: "pages", ask: 1, tenant: "default" });
    const message = stage.at(1).told.at(-1);
    const ask = message?.say === "page" ? message.ask : 0;
    stage.at(1).say({ say: "page", ask, text: "one" });
    stage.at(2).say({ say: "page", ask, text: null });
    stage.at(3).leave(null);
    await stage.time.pass(1999);
    assert.notEqual(stage.at(1).told.at(-1)?.say, "pages");
    await stage.time.pass(1);
    await settled();
    assert.deepEqual(stage.at(1).told.at(-1), { say: "pages", ask: 1, texts: ["one"] });
  });
});
