// What became of the log of this process.

import { Counter, type Registry } from "prom-client";
import type { LogDestination } from "./log.ts";

export function addLogMetrics(registry: Registry, destination: LogDestination): void {
  const lost: Counter = new Counter({
    name: "hallpass_log_lines_lost_total",
    help: "Lines of the log that could not be written: whoever reads it was gone or took nothing, or the disk was full.",
    registers: [registry],
    collect: () => {
      lost.reset();
      lost.inc(destination.lostLines?.() ?? 0);
    },
  });
}
