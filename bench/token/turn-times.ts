// Given to a server with `--import`: how late its event loop is. SIGUSR2 writes what was seen since the last one as a line, and begins anew.

import { monitorEventLoopDelay } from "node:perf_hooks";

/** Milliseconds that a timer of one millisecond came late, once for each turn that it waited for. */
export interface TurnTimes {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly longest: number;
}

const RESOLUTION_MS = 1;

const late = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
late.enable();
process.on("SIGUSR2", () => {
  const at = (percent: number): number => lateBy(late.percentile(percent));
  const times: TurnTimes = { p50: at(50), p99: at(99), p999: at(99.9), longest: lateBy(late.max) };
  process.stdout.write(`turns ${JSON.stringify(times)}\n`);
  late.reset();
});

function lateBy(nanoseconds: number): number {
  return Math.round(Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) * 100) / 100;
}
