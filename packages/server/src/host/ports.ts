// What a test may replace when it starts a server: the clock, the dice, the timers, the store under faults, where lines go.

import { hostname } from "node:os";
import { type Clock, type Dice, generateKeyOf, type NewSigningKey, type Scheduler, type Store } from "@hallpass/core";
import { standardOutput } from "../observe/gathered-output.ts";
import type { LogDestination } from "../observe/log.ts";
import type { Admission } from "./admission.ts";
import { systemClock, systemDice, systemScheduler } from "./system-ports.ts";

export interface Ports {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly newSigningKey: NewSigningKey;
  /** Stands between the server and its store: for faults that are injected. */
  readonly wrapStore: (store: Store) => Store;
  /** Stands at the door in place of the one that is made: for drills that need it wide open. */
  readonly wrapAdmission: (admission: Admission) => Admission;
  readonly logTo: LogDestination;
  /** As people call this node. */
  readonly nodeName: string;
  /** The place of this process among the workers of a machine; null for one that is alone. */
  readonly worker: string | null;
  /** What stands on a tenant's metrics page: its own, or that of all workers. */
  readonly pageOfAll: (tenant: string, own: () => Promise<string>) => () => Promise<string>;
}

export function portsWith(given: Partial<Ports>): Ports {
  return {
    clock: systemClock,
    dice: systemDice(),
    scheduler: systemScheduler,
    newSigningKey: generateKeyOf,
    wrapStore: (store) => store,
    wrapAdmission: (admission) => admission,
    logTo: given.logTo ?? standardOutput(systemClock),
    nodeName: hostname(),
    worker: null,
    pageOfAll: (_, own) => own,
    ...given,
  };
}
