// Percentiles of what was measured, and one clock for all processes of this machine.

/** Milliseconds of the machine's monotonic clock: comparable between processes, untouched by wall clocks. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The nearest rank, never interpolated. Throws for nothing measured. */
export function spread(measured: readonly number[]): Spread {
  const sorted = measured.toSorted((a, b) => a - b);
  const rank = (share: number): number => {
    const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
    if (value === undefined) throw new RangeError("nothing was measured");
    return value;
  };
  return { count: sorted.length, p50: rank(0.5), p99: rank(0.99), max: rank(1) };
}

export function ms(value: number): string {
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
}
