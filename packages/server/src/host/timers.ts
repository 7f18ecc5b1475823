// What time does without being asked: the sweep writes down what is over, keys are tended, facts are read, by the node that leads;
// log lines leave, by each.

import { dropUnusedKeys, type Instant, type Paced, pacedBy, type Store, sweep, tendKeys } from "@hallpass/core";
import type { Config } from "../config.ts";
import { listenersOf } from "../endpoints/keys/listeners.ts";
import type { Log } from "../observe/log.ts";
import type { Services } from "../services.ts";
import { every, type Repeated } from "./every.ts";
import type { NodeLeadership } from "./leadership.ts";
import type { RememberedRows } from "./passed-over.ts";
import type { Ports } from "./ports.ts";
import { factReaders, readRegularly } from "./read-regularly.ts";
import { trustedTime } from "./trusted-time.ts";

const SWEEP_EVERY = 5000;
const TEND_EVERY = 60_000;
const DROP_EVERY = 3_600_000;
const REFUSED_EVERY = 60_000;
const SETTLE_EVERY = 10_000;
const STALLED_EVERY = 30_000;
const FLUSH_EVERY = 1000;
/** Steps of one turn, so that a long absence is caught up with and nobody waits for it. */
const MOST_STEPS = 20;

class Draining extends Error {}

/** A drain waits for one step, and not for all that is due: the next start, or another node, goes on. */
function whileServing({ isServing }: Pick<Services, "isServing">, paced: Paced): Paced {
  return async (step) => {
    if (!isServing()) throw new Draining();
    return paced(step);
  };
}

export function startTimers(
  config: Config,
  { scheduler, clock }: Ports,
  services: Services,
  log: Log,
  { led }: Pick<NodeLeadership, "led">,
  passedOver: RememberedRows,
): readonly Repeated[] {
  const time = trustedTime(clock);
  const deps = {
    ...services,
    factsKept: config.facts_kept * 1000,
    factsKeptOf: new Map(config.facts_kept_of.map(([kind, kept]) => [kind, kept * 1000])),
    sweptOf: new Map<string, Instant>(),
    readers: factReaders(config, services).map(({ name }) => name),
    passedOver,
    paced: whileServing(services, pacedBy({ clock, scheduler })),
  };
  const failed = (thrown: unknown): void => services.observer.failed("timer", "none", thrown);
  async function sweepAll(store: Store): Promise<void> {
    try {
      for (let step = 0; step < MOST_STEPS; step += 1) {
        const { more } = await sweep({ ...deps, store }, time.now());
        if (!more) return;
      }
    } catch (thrown) {
      if (!(thrown instanceof Draining)) throw thrown;
    } finally {
      const unread = passedOver.told();
      if (unread !== undefined) services.observer.failed("sweep", "none", unread);
    }
  }
  async function tend(store: Store): Promise<void> {
    await tendKeys({ ...services, store }, { tenant: services.tenant, listeners: () => listenersOf(services) });
  }
  async function drop(store: Store): Promise<void> {
    await dropUnusedKeys({ ...services, store }, { tenant: services.tenant });
  }
  return [
    every(scheduler, SWEEP_EVERY, led(sweepAll), failed),
    every(scheduler, TEND_EVERY, led(tend), failed),
    every(scheduler, DROP_EVERY, led(drop), failed),
    every(scheduler, REFUSED_EVERY, () => services.refusedCalls.flush(), failed),
    every(
      scheduler,
      STALLED_EVERY,
      led(() => services.runs.takeUpStalled()),
      failed,
    ),
    every(scheduler, SETTLE_EVERY, () => services.limits.settle(), failed),
    every(scheduler, FLUSH_EVERY, async () => log.flush(), failed),
    ...readRegularly(config, scheduler, services, { led, failed }),
  ];
}
