// The rows of verifiers, written in the order in which each verifier spoke. What it says to different nodes has no order:
// there a goodbye removes only the row that its own hello wrote, or no receipt would count one that has come back.

import {
  type ClientId,
  type FleetDeps,
  type FleetMember,
  type FleetName,
  type FleetPlace,
  joinFleet,
  leaveFleet,
  nameInFleet,
  type RowTimes,
  readBefore,
  renewMember,
} from "@hallpass/core";
import type { Hello } from "@hallpass/protocol";

export interface FleetRows {
  /** The name under which the verifier stands there: another than it says while one of another client has that. */
  nameOf(instance: string, client: ClientId): Promise<FleetName>;
  /** `keys` is the version that the verifier has acknowledged, here and below. */
  join(
    hello: Hello,
    client: ClientId,
    more: {
      readonly read?: FleetName["read"] | undefined;
      readonly times?: RowTimes;
      readonly keys?: number;
      readonly at?: FleetPlace | undefined;
    },
  ): Promise<FleetMember>;
  /** `joined` is what this connection's `join` answers. False: the name is another client's verifier's now. */
  renew(instance: string, joined: Promise<FleetMember>, keys?: number): Promise<boolean>;
  leave(instance: string, joined: Promise<FleetMember>): Promise<void>;
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
    nameOf: (instance, client) => nameInFleet(deps, instance, client),
    join: (hello, client, { read, times, keys, at }) => {
      const store = read === undefined ? deps.store : readBefore(deps.store, read);
      return inLine(hello.instance, () => joinFleet({ ...deps, store }, hello, times, keys, at, client));
    },
    renew: (instance, joined, keys) => inLine(instance, async () => renewMember(deps, await joined, keys)),
    leave: (instance, joined) => inLine(instance, async () => leaveFleet(deps, await joined)),
    settled: async () => {
      await Promise.allSettled(lines.values());
    },
  };
}
