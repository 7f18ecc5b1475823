// Alternated rounds of contenders in one process: each round measures all of them one after the other, and medians
// and ratios are taken over the rounds. Ratios within one run are what counts; absolutes are the machine's.

import { sayResult } from "./result.ts";

export interface Contender {
  readonly name: string;
  /** Does `count` operations. */
  run(count: number): void | Promise<void>;
}

export interface Result {
  readonly name: string;
  /** Operations per second of CPU time in user mode, one per round. */
  readonly rates: readonly number[];
}

export async function alternate(
  contenders: readonly Contender[],
  rounds: number,
  perRound: number,
  warmUp: number = Math.ceil(perRound / 4),
): Promise<Result[]> {
  const rates = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (const contender of contenders) await contender.run(warmUp);
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const start = process.cpuUsage();
      await contender.run(perRound);
      const { user } = process.cpuUsage(start);
      rates.get(contender.name)?.push((perRound / user) * 1e6);
    }
  }
  return [...rates].map(([name, list]) => ({ name, rates: list }));
}

/** Each beside every floor and peer: whoever is not of ours. */
export function sayRates(id: string, title: string, results: readonly Result[]): void {
  const peers = results.filter(({ name }) => !name.startsWith("Hallpass"));
  sayResult({
    id,
    title,
    of: "contender",
    rows: results.map(({ name, rates }) => ({ name, figures: { [RATE]: rates } })),
    compared: { figure: RATE, with: peers.map(({ name }) => name) },
    picture: { bars: RATE },
  });
}

const RATE = "per CPU-second";
