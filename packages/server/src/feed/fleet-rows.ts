// The rows of verifiers, written in the order in which each verifier spoke: a goodbye that is still being written must not
// remove the row of one that has come back, or no receipt would count it.

import { type FleetDeps, type FleetMember, joinFleet, leaveFleet, renewMember } from "@hallpass/core";
import type { Hello } from "@hallpass/protocol";

export interface FleetRows {
  join(hello: Hello): Promise<FleetMember>;
  renew(instance: string): Promise<void>;
  leave(instance: string): Promise<void>;
  /** Settles when nothing is being written any more. */
  settled(): Promise<void>;
}

export function createFleetRows(deps: FleetDeps): FleetRows {
  const lines = new Map<string, Promise<unknown>>();

  function inLine<T>(instance: string, work: () => Promise<T>): Promise<T> {
    const before = lines.get(instance) ?? Promise.resolve();
    const mine = before.then(work, work);
    const over = (): void => {
      if (lines.get(instance) === mine) lines.delete(instance);
    };
    lines.set(instance, mine);
    mine.then(over, over);
    return mine;
  }

  return {
    join: (hello) => inLine(hello.instance, () => joinFleet(deps, hello)),
    renew: (instance) => inLine(instance, () => renewMember(deps, instance)),
    leave: (instance) => inLine(instance, () => leaveFleet(deps, instance)),
    settled: async () => {
      await Promise.allSettled(lines.values());
    },
  };
}
