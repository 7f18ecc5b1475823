// Takes large revocations to their end, beside everything else: a step, then whoever waits has a turn, then the next step. What a killed
// process left is taken up by the next one.

import {
  earliest,
  type Instant,
  instantOf,
  type Revocation,
  type RevokeManyDeps,
  type RunPlace,
  readRevocation,
  ringKey,
  runningRevocations,
  type Scheduler,
  settleRevocation,
} from "@hallpass/core";

export interface RevocationRuns {
  /** Goes on with a revocation that was committed. Twice is once. */
  begin(id: string): void;
  /** Settles when the run is complete, has been stopped, or after `maxMs`; at once for one that is not under way here. */
  settled(id: string, maxMs: number): Promise<void>;
  /** Begins every run that is in the store and not complete: for the start of a process. */
  resume(): Promise<void>;
  /** Begins those that have not moved since it was called last: whoever was at them is gone. For the node that leads, now and then. */
  takeUpStalled(): Promise<void>;
  /** Takes no further step; settles when those under way have ended. */
  stop(): Promise<void>;
}

export interface RevocationRunsOptions {
  readonly scheduler: Scheduler;
  readonly pause: () => Promise<void>;
  readonly failed: (thrown: unknown) => void;
  /** Where no other process writes runs: those that this one has written, which are then the only ones that can have stopped. */
  readonly written?: Set<string> | undefined;
}

/** Before a step that failed is taken again. */
const REST_MS = 1000;
/** What is older than this and is over stays over, and is not looked at again: a receipt is kept for weeks. */
const YOUNG_MS = 60_000;
/** So many looks, and then one at everything: a clock that was set back gives what is new the place of what is old. */
const LOOKS = 60;

export function createRevocationRuns(
  deps: RevokeManyDeps,
  { scheduler, pause, failed, written }: RevocationRunsOptions,
): RevocationRuns {
  const underWay = new Map<string, Promise<void>>();
  /** Where each run of another process was, when it was looked at last. */
  let places = new Map<string, string>();
  let looks = 0;
  /** Every revocation that was asked for before it is over. */
  let overBefore: Instant | null = null;
  const stop = Promise.withResolvers<void>();
  let stopped = false;

  async function run(id: string): Promise<void> {
    let place: RunPlace | null = null;
    for (;;) {
      if (stopped) return;
      try {
        const step = await settleRevocation(deps, id, place);
        if (step.kind === "over") return;
        place = step.place;
        await pause();
      } catch (thrown) {
        failed(thrown);
        await atMost(REST_MS, stop.promise);
      }
    }
  }

  function atMost(ms: number, done: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = scheduler.after(ms, resolve);
      void done.then(() => {
        cancel();
        resolve();
      });
    });
  }

  function begin(id: string): void {
    if (stopped || underWay.has(id)) return;
    underWay.set(
      id,
      run(id).finally(() => underWay.delete(id)),
    );
  }

  async function runningAnywhere(): Promise<readonly Revocation[]> {
    const { tenant } = deps.issuer;
    const { clock } = await deps.store.read([ringKey(tenant)]);
    const running = await runningRevocations(deps.store, tenant, looks % LOOKS === 0 ? null : overBefore);
    looks += 1;
    overBefore = earliest(instantOf(Math.max(0, clock - YOUNG_MS)), ...running.flatMap((one) => one.run?.since ?? []));
    return running;
  }

  async function runningAmong(ids: Set<string>): Promise<readonly Revocation[]> {
    const running: Revocation[] = [];
    for (const id of ids) {
      const read = await readRevocation(deps.store, deps.issuer.tenant, id);
      if (read.ok && read.value.run?.status === "running") running.push(read.value);
      else ids.delete(id);
    }
    return running;
  }

  return {
    begin,
    settled: async (id, maxMs) => {
      const end = underWay.get(id);
      if (end !== undefined) await atMost(maxMs, end);
    },
    resume: async () => {
      for (const { id } of await runningRevocations(deps.store, deps.issuer.tenant)) begin(id);
    },
    takeUpStalled: async () => {
      const running = written === undefined ? await runningAnywhere() : await runningAmong(written);
      const now = new Map(running.map((one) => [one.id, JSON.stringify([one.run, one.endedSessions])]));
      for (const [id, place] of now) if (places.get(id) === place) begin(id);
      places = now;
    },
    stop: async () => {
      stopped = true;
      stop.resolve();
      await Promise.all(underWay.values());
    },
  };
}
