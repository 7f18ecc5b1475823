// A machine with clocks of its own: a wall clock that is off, drifts and jumps, and a monotonic one that only drifts.
// It can be paused (its tasks wait while its clocks go on, as under SIGSTOP) and die (its tasks never run).

import type { Clock, Instant, Scheduler } from "@hallpass/core";
import type { SeededDice } from "./seeded-dice.ts";
import type { Place, TimeLine } from "./time-line.ts";

/** When the time line's zero is, by a wall clock that is right. */
export const BEGINNING = 1_764_000_000_000;

/** Clocks of one machine against true time: at most 0.04 %, so that two of them differ by less than LEASE-3 allows for. */
export const MOST_DRIFT = 0.0004;

export class Machine implements Place {
  readonly name: string;
  readonly dice: SeededDice;
  readonly #line: TimeLine;
  readonly #rate: number;
  readonly #skew: number;
  #jumped = 0;
  #timesSet = 0;
  /** What the wall clock showed between two jumps, oldest first, without the time since the last. */
  readonly #stretches: { readonly from: number; readonly to: number; readonly jumped: number }[] = [];
  #stretchFrom = Number.NEGATIVE_INFINITY;
  readonly #monoStart: number;
  #life = 1;
  #runsFrom = 0;

  constructor(line: TimeLine, dice: SeededDice, name: string, skewMs: number) {
    this.name = name;
    this.dice = dice;
    this.#line = line;
    this.#rate = 1 + (dice.between(-1000, 1000) / 1000) * MOST_DRIFT;
    this.#skew = dice.between(-skewMs, skewMs);
    this.#monoStart = dice.between(0, 1_000_000);
  }

  get life(): number {
    return this.#life;
  }

  get runsFrom(): number {
    return this.#runsFrom;
  }

  get paused(): boolean {
    return this.#runsFrom > this.#line.now;
  }

  get wall(): Instant {
    return this.wallAt(this.#line.now);
  }

  /** What its wall clock showed, or would have shown without later jumps, at a moment of true time. */
  wallAt(now: number): Instant {
    return Math.floor(BEGINNING + now * this.#rate + this.#skew + this.#jumped) as Instant;
  }

  readonly clock: Clock = {
    now: () => this.wall,
    monotonic: () => this.#monoStart + this.#line.now * this.#rate,
  };

  readonly scheduler: Scheduler = {
    after: (ms, task) => this.#line.after(ms / this.#rate, task, this),
  };

  /** Something that reaches this machine after `ms` of true time, if it still lives the life that it is meant for. */
  soon(ms: number, task: () => void, life: number = this.#life): void {
    this.#line.after(ms, task, this, life);
  }

  pauseFor(ms: number): void {
    this.#runsFrom = Math.max(this.#runsFrom, this.#line.now + ms);
  }

  /** Returns the jump back, which does nothing when the clock was set right meanwhile. */
  jump(ms: number): () => void {
    const set = this.#timesSet;
    this.#jumpTo(this.#jumped + ms);
    return () => {
      if (this.#timesSet === set) this.#jumpTo(this.#jumped - ms);
    };
  }

  /** What its wall clock would have shown without any jump when it last showed this. */
  steady(shown: number): number {
    if (this.#stretchFrom <= shown && shown <= this.wall) return shown - this.#jumped;
    const stretch = this.#stretches.findLast(({ from, to }) => from <= shown && shown <= to);
    return shown - (stretch?.jumped ?? 0);
  }

  #jumpTo(jumped: number): void {
    this.#stretches.push({ from: this.#stretchFrom, to: this.wall, jumped: this.#jumped });
    this.#jumped = jumped;
    this.#stretchFrom = this.wall;
  }

  /** Its wall clock shows what it would without any jump. */
  setRight(): void {
    this.#jumpTo(0);
    this.#timesSet += 1;
  }

  /** Everything that was under way is lost, and what begins now belongs to the next life. */
  die(): void {
    this.#life += 1;
    this.#runsFrom = 0;
  }
}
