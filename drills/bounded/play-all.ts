// Many schedules in the lanes of one world, as many at once as it has lanes; and those of the wrong verifiers beside them.

import { mkdirSync } from "node:fs";
import { playIn } from "./lane.ts";
import { wallAhead } from "./machine-time.ts";
import { type Broken, brokenBy, type Outcome } from "./outcome.ts";
import { type LineFault, scheduleOf } from "./schedule.ts";
import type { VerifyingProcess } from "./verifying-process.ts";
import { weather } from "./weather.ts";
import { type WorldSizes, worldOf } from "./world.ts";

export interface Playing extends WorldSizes {
  readonly schedules: number;
  readonly seed: string;
  /** The same for all, instead of what the seed draws. */
  readonly fault?: LineFault;
  /** Ends when that is broken. */
  readonly until?: Broken["promise"];
  /** Nothing happens to whole processes. */
  readonly isCalm?: boolean;
  /** Of the wrong verifiers, at most: they end with the first promise that they break. */
  readonly wrongSchedules?: number;
  readonly say: (text: string) => void;
}

export interface Tally {
  readonly outcomes: Outcome[];
  readonly broken: Broken[];
  played: number;
  /** Schedules in which a token was not accepted in time. */
  unshown: number;
}

export interface Played {
  readonly right: Tally;
  readonly wrong: Tally;
}

const TOLD_EVERY = 50;
/** Tokens of a schedule. */
const STEP = 3;

export async function playAll(playing: Playing): Promise<Played> {
  const { directory, store, m, seed, say } = playing;
  mkdirSync(directory, { recursive: true });
  const world = await worldOf(playing);
  const sky = playing.isCalm === true ? { over: () => undefined, stop: async () => {} } : weather(world, seed, m);
  const ahead = wallAhead();

  async function lanesOf(
    process: VerifyingProcess,
    tally: Tally,
    about: {
      readonly name: string;
      readonly most: number;
      readonly fault?: LineFault;
      readonly until: Broken["promise"] | undefined;
    },
    next: { index: number },
  ): Promise<void> {
    const one = async (index: number): Promise<void> => {
      while (next.index < about.most && !tally.broken.some(({ promise }) => promise === about.until)) {
        const count = (next.index += 1);
        const schedule = scheduleOf(about.name, count, m, about.fault);
        const done = await playIn({ world, index, process, weather: sky, m }, schedule, count * STEP);
        tally.played += 1;
        if (done.length === 0) tally.unshown += 1;
        tally.outcomes.push(...done);
        tally.broken.push(...done.flatMap((outcome) => brokenBy(outcome, m, ahead)));
        if (tally.played % TOLD_EVERY === 0)
          say(`${about.name}: ${tally.played} of ${about.most} schedules, ${tally.broken.length} promises broken`);
      }
    };
    await Promise.all(process.lanes.map(one));
  }

  const [right, wrong] = [newTally(), newTally()];
  const { fault, until, schedules, wrongSchedules = 0 } = playing;
  try {
    const next = { index: 0 };
    const about = { name: seed, most: schedules, until, ...(fault === undefined ? {} : { fault }) };
    const played = world.verifying.map((process) => lanesOf(process, right, about, next));
    if (world.wrong !== undefined) {
      const others = {
        name: `${seed} control`,
        most: wrongSchedules,
        fault: "slow, then dark",
        until: "P2-late-accept",
      } as const;
      played.push(lanesOf(world.wrong, wrong, others, { index: 0 }));
    }
    await Promise.all(played);
  } finally {
    await sky.stop();
    await world.end();
  }
  say(`${store}: ${right.played} schedules, ${right.broken.length} promises broken`);
  return { right, wrong };
}

function newTally(): Tally {
  return { outcomes: [], broken: [], played: 0, unshown: 0 };
}
