// The readers of the facts that this server runs: the audit, and a file if one is configured. Each at its own pace: one that fails or lags
// holds up no other.

import { resolve } from "node:path";
import { censusReader, type FactReader, readFacts, type Scheduler, signCheckpoint } from "@hallpass/core";
import type { Config } from "../config.ts";
import type { Services } from "../services.ts";
import { every, type Repeated } from "./every.ts";
import { factsFile } from "./facts-file.ts";
import type { NodeLeadership } from "./leadership.ts";

const READ_EVERY = 1000;
/** A timer of the platform can't wait longer; the end of the chain is then signed too often, never too seldom. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Steps of one turn, so that a long absence is caught up with and a turn ends. */
const MOST_STEPS = 100;

export function factReaders(config: Config, { auditReader: audit }: Services): readonly FactReader[] {
  return config.facts_file === undefined
    ? [audit, censusReader]
    : [audit, censusReader, factsFile(resolve(config.data, config.facts_file))];
}

/** Takes what is there. What a reader threw is told; it goes on later by itself. */
export async function readAll(
  services: Services,
  reader: FactReader,
  failed: (thrown: unknown) => void,
): Promise<void> {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const { more, failed: thrown } = await readFacts(services, reader);
    if (thrown !== null) failed(thrown);
    if (!more || !services.isServing()) return;
  }
}

export function readRegularly(
  config: Config,
  scheduler: Scheduler,
  services: Services,
  { led, failed }: Pick<NodeLeadership, "led"> & { readonly failed: (thrown: unknown) => void },
): readonly Repeated[] {
  const sign = led(async (store) => void (await signCheckpoint({ ...services, store }, services.auditKept)));
  return [
    ...factReaders(config, services).map((reader) =>
      every(
        scheduler,
        READ_EVERY,
        led((store) => readAll({ ...services, store }, reader, failed)),
        failed,
      ),
    ),
    every(scheduler, Math.min(LONGEST_TIMER, config.audit_checkpoint_every * 1000), sign, failed),
  ];
}
