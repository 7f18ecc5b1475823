// Keeps as many workers as asked for: starts the first one alone, because a first start makes what all need; then the others; another one
// in the place of each that dies. Told to stop, it has all of them drain. Knows no process, no port and no clock: those are handed in.

import type { Cancel, Clock, Scheduler } from "@hallpass/core";
import type { FromWorker, ToWorker } from "./messages.ts";

export interface WorkerProcess {
  send(message: ToWorker): void;
  /** For one that has not ended in time. */
  kill(): void;
}

export interface SupervisorPorts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly scheduler: Scheduler;
  /** Starts one in a place from 1 on. `exited` is called once, with its exit code; null when a signal ended it. */
  readonly start: (
    place: number,
    heard: (message: FromWorker) => void,
    exited: (code: number | null) => void,
  ) => WorkerProcess;
  readonly told: (event: SupervisorEvent) => void;
}

export type SupervisorEvent =
  | { readonly kind: "serving"; readonly place: number }
  | { readonly kind: "died"; readonly place: number; readonly code: number | null; readonly againMs: number };

export interface Supervisor {
  /** Settles when the first worker serves. Rejects with a WorkerLeft when that one could not start: then there are no workers. */
  readonly serving: Promise<void>;
  /** Drains all; settles when none is left, within `limitMs`: then those that are left are killed. True if each drained. Twice is once. */
  stop(limitMs: number): Promise<boolean>;
}

/** The first worker has left before it served; it has said why itself. */
export class WorkerLeft extends Error {
  override readonly name = "WorkerLeft";
  readonly code: number | null;

  constructor(code: number | null) {
    super("the first worker did not start");
    this.code = code;
  }
}

/** One that has served for so long is replaced at once; one that has not waits, longer each time. */
const LIVED = 10_000;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;
/** A page that a worker has not sent by then is left out. */
const PAGES_WITHIN = 2000;

interface Running {
  readonly process: WorkerProcess;
  readonly since: number;
  isServing: boolean;
}

interface Gathering {
  readonly texts: (string | null)[];
  readonly missing: Set<number>;
  readonly answer: () => void;
}

export function supervise(count: number, { clock, scheduler, start, told }: SupervisorPorts): Supervisor {
  const running = new Map<number, Running>();
  const restarts = new Map<number, Cancel>();
  const failures = new Map<number, number>();
  const gatherings = new Map<number, Gathering>();
  let gathers = 0;
  const first = Promise.withResolvers<void>();
  let hasServed = false;
  let stopping: PromiseWithResolvers<boolean> | undefined;
  let allDrained = true;

  function launch(place: number): void {
    restarts.delete(place);
    const process = start(
      place,
      (message) => hear(place, message),
      (code) => leave(place, code),
    );
    running.set(place, { process, since: clock.monotonic(), isServing: false });
  }

  function hear(place: number, message: FromWorker): void {
    const one = running.get(place);
    if (one === undefined) return;
    if (message.say === "serving") return serves(place, one);
    if (message.say === "pages") return gather(place, one, message);
    const gathering = gatherings.get(message.ask);
    if (gathering !== undefined) gathered(gathering, place, message.text);
  }

  function serves(place: number, one: Running): void {
    one.isServing = true;
    told({ kind: "serving", place });
    if (hasServed) return;
    hasServed = true;
    first.resolve();
    if (stopping !== undefined) return;
    for (let other = 1; other <= count; other += 1) if (!running.has(other) && !restarts.has(other)) launch(other);
  }

  function leave(place: number, code: number | null): void {
    const one = running.get(place);
    if (one === undefined) return;
    running.delete(place);
    for (const gathering of gatherings.values()) gathered(gathering, place, null);
    if (stopping !== undefined) {
      if (code !== 0) allDrained = false;
      if (running.size === 0) stopping.resolve(allDrained);
      return;
    }
    if (!hasServed) return first.reject(new WorkerLeft(code));
    const lived = clock.monotonic() - one.since;
    const failed = one.isServing && lived >= LIVED ? 0 : (failures.get(place) ?? 0) + 1;
    failures.set(place, failed);
    const againMs = failed === 0 ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failed - 1));
    told({ kind: "died", place, code, againMs });
    restarts.set(
      place,
      scheduler.after(againMs, () => launch(place)),
    );
  }

  /** One page of each worker that serves, for the one that was asked for it. */
  function gather(place: number, asker: Running, { ask, tenant }: Extract<FromWorker, { say: "pages" }>): void {
    gathers += 1;
    const own = gathers;
    const serving = [...running].filter(([, one]) => one.isServing);
    const cancel = scheduler.after(PAGES_WITHIN, () => gathering.answer());
    const gathering: Gathering = {
      texts: [],
      missing: new Set(serving.map(([other]) => other)),
      answer: () => {
        cancel();
        if (!gatherings.delete(own)) return;
        const texts = gathering.texts.filter((text) => text !== null);
        if (running.get(place) === asker) asker.process.send({ say: "pages", ask, texts });
      },
    };
    gatherings.set(own, gathering);
    for (const [, one] of serving) one.process.send({ say: "page", ask: own, tenant });
  }

  function gathered(gathering: Gathering, place: number, text: string | null): void {
    if (!gathering.missing.delete(place)) return;
    gathering.texts.push(text);
    if (gathering.missing.size === 0) gathering.answer();
  }

  launch(1);
  return {
    serving: first.promise,
    stop: (limitMs) => {
      if (stopping !== undefined) return stopping.promise;
      stopping = Promise.withResolvers<boolean>();
      for (const cancel of restarts.values()) cancel();
      if (running.size === 0) stopping.resolve(true);
      for (const { process } of running.values()) process.send({ say: "drain" });
      const cancel = scheduler.after(limitMs, () => {
        for (const { process } of running.values()) process.kill();
      });
      void stopping.promise.then(cancel);
      return stopping.promise;
    },
  };
}
