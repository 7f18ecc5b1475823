// This node's part in leading: it asks again and again, and runs the tasks of a leader while it may believe that it leads. What it believes
// saves work; what holds is the fence, which the store compares with every change of a task.

import {
  type Candidate,
  type Clock,
  Fault,
  fencedStore,
  LEADS_FOR,
  type LeadDeps,
  type Leadership,
  lead,
  type Scheduler,
  type Store,
  stopLeading,
} from "@hallpass/core";
import { every } from "./every.ts";

const ASK_EVERY = 3000;

export interface NodeLeadership {
  readonly leads: () => boolean;
  /** The term that this node knows of, its own or another's; 0 before it knows one, and where there is one node only. */
  readonly term: () => number;
  /** The task, run only while this node leads, on a store that refuses its changes as soon as another node does. */
  led(task: (store: Store) => Promise<void>): () => Promise<void>;
  /** Lets another node lead; the tasks have to have ended. Settles in any case. */
  stop(): Promise<void>;
}

export interface LeadershipOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly scheduler: Scheduler;
  readonly candidate: Candidate;
  readonly failed: (thrown: unknown) => void;
}

/** Settles when this node knows who leads, or that nobody can tell now. Where the store serves one process only, that one leads, at no cost. */
export async function takePartInLeading(deps: LeadDeps, options: LeadershipOptions): Promise<NodeLeadership> {
  if (deps.store.traits.nodes === "one") return leadsAlone(deps.store);
  const { clock, scheduler, candidate, failed } = options;
  let known: Leadership | undefined;
  let believedUntil = 0;

  async function ask(): Promise<void> {
    const asked = clock.monotonic();
    known = await lead(deps, candidate);
    believedUntil = known.leader.node === candidate.node ? asked + LEADS_FOR : 0;
  }
  const leads = (): boolean => clock.monotonic() < believedUntil;

  await ask().catch(failed);
  const asking = every(scheduler, ASK_EVERY, ask, failed);
  return {
    leads,
    term: () => known?.leader.term ?? 0,
    led: (task) => async () => {
      if (known === undefined || !leads()) return;
      try {
        await task(fencedStore(deps.store, deps.tenant, known.version));
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.code !== "deposed") throw thrown;
        believedUntil = 0;
      }
    },
    stop: async () => {
      await asking.stop();
      const led = leads();
      believedUntil = 0;
      if (led) await stopLeading(deps, candidate.node).catch(failed);
    },
  };
}

function leadsAlone(store: Store): NodeLeadership {
  return { leads: () => true, term: () => 0, led: (task) => () => task(store), stop: async () => undefined };
}
