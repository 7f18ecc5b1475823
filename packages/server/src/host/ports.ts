// What a test may replace when it starts a server: the clock, the dice, the timers, the store under faults, where lines go.

import { type Clock, type Dice, generateKeyOf, type NewSigningKey, type Scheduler, type Store } from "@hallpass/core";
import { type LogDestination, standardOutput } from "../observe/log.ts";
import { systemClock, systemDice, systemScheduler } from "./system-ports.ts";

export interface Ports {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly newSigningKey: NewSigningKey;
  /** Stands between the server and its store: for faults that are injected. */
  readonly wrapStore: (store: Store) => Store;
  readonly logTo: LogDestination;
}

export function portsWith(given: Partial<Ports>): Ports {
  return {
    clock: systemClock,
    dice: systemDice(),
    scheduler: systemScheduler,
    newSigningKey: generateKeyOf,
    wrapStore: (store) => store,
    logTo: given.logTo ?? standardOutput(),
    ...given,
  };
}
