// Alternated rounds of contenders in one process: each round measures all of them one after the other, and medians
// and ratios are taken over the rounds. Ratios within one run are what counts; absolutes are the machine's.

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

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The median over the rounds of one contender's rate by the other's in the same round. */
export function ratio(a: Result | undefined, b: Result | undefined): number {
  return median((a?.rates ?? []).map((rate, round) => rate / (b?.rates[round] ?? Number.NaN)));
}

export function printTable(title: string, results: readonly Result[]): void {
  console.log(`\n${title}`);
  for (const { name, rates } of results) {
    const [low, high] = [Math.min(...rates), Math.max(...rates)];
    console.log(
      `  ${name.padEnd(44)} ${printed(median(rates))} /s median  (${printed(low)} to ${printed(high)}, ${rates.length} rounds)`,
    );
  }
}

function printed(value: number): string {
  return Math.round(value).toLocaleString("en").padStart(11);
}
