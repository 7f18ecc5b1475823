// Those who wait until every connected verifier has acknowledged something. A wait knows whom it still waits for, so that an
// acknowledgement costs the same whether ten verifiers are connected or ten thousand.

import type { Heard, Scheduler } from "@hallpass/core";

export interface Waits {
  /** Settles when `isMet` holds for every connected verifier, or after `maxMs`. Never rejects. `met` is told of each that was waited for. */
  until(
    all: ReadonlyMap<string, Heard>,
    isMet: (heard: Heard) => boolean,
    maxMs: number,
    met?: (heardAs: string) => void,
  ): Promise<void>;
  /** By `heardAs`, here and below. */
  heard(heardAs: string, heard: Heard): void;
  gone(heardAs: string): void;
  endAll(): void;
}

interface Wait {
  readonly isMet: (heard: Heard) => boolean;
  readonly open: Set<string>;
  readonly end: () => void;
  readonly met: ((heardAs: string) => void) | undefined;
}

export function createWaits(scheduler: Scheduler): Waits {
  const waits = new Set<Wait>();

  function settle(wait: Wait, heardAs: string): void {
    wait.open.delete(heardAs);
    if (wait.open.size === 0) wait.end();
  }

  return {
    until: (all, isMet, maxMs, met) => {
      const open = new Set<string>();
      for (const [heardAs, heard] of all) if (heard.connected && !isMet(heard)) open.add(heardAs);
      if (open.size === 0 || maxMs <= 0) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      const end = (): void => {
        waits.delete(wait);
        cancel();
        resolve();
      };
      const wait: Wait = { isMet, open, end, met };
      const cancel = scheduler.after(maxMs, end);
      waits.add(wait);
      return promise;
    },
    heard: (heardAs, heard) => {
      for (const wait of waits) {
        // One that connects meanwhile may hold a lease from before: it counts, too.
        if (heard.connected && !wait.isMet(heard)) wait.open.add(heardAs);
        else {
          if (wait.met !== undefined && wait.open.has(heardAs) && heard.connected) wait.met(heardAs);
          settle(wait, heardAs);
        }
      }
    },
    gone: (heardAs) => {
      for (const wait of waits) settle(wait, heardAs);
    },
    endAll: () => {
      for (const wait of waits) wait.end();
    },
  };
}
