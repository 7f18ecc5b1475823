// Alternated rounds of contenders in one process: each round measures all of them one after the other, and medians
// and ratios are taken over the rounds. Ratios within one run are what counts; absolutes are the machine's.

import { barsOf } from "./bars.ts";
import { median, printTable, spread } from "./measured.ts";

export interface Contender {
  readonly name: string;
  /** Does `count` operations. */
  run(count: number): void | Promise<void>;
}

export interface Result {
  readonly name: string;
  /** Operations per second of user CPU time, one per round. */
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

/** The median over the rounds of one contender's rate by the other's in the same round. */
export function ratio(a: Result | undefined, b: Result | undefined): number {
  return median((a?.rates ?? []).map((rate, round) => rate / (b?.rates[round] ?? Number.NaN)));
}

/** Of each contender, and how many times as fast as each floor and peer: whoever is not of ours. */
export function printRates(title: string, results: readonly Result[]): void {
  const peers = results.filter(({ name }) => !name.startsWith("Hallpass"));
  printTable(
    [`${title}: contender`, "per CPU-second: median (spread)", ...peers.map(({ name }) => `× ${name}`)],
    results.map((one) => [one.name, spread(one.rates), ...peers.map((peer) => ratio(one, peer).toFixed(2))]),
  );
}

export function picture(title: string, results: readonly Result[]): string {
  const bars = results.map(({ name, rates }) => ({ name, values: rates }));
  return barsOf(title, "operations per CPU-second", bars);
}
