// What keeps the figures of a comparison from being what was asked for.

import { type Figures, shown } from "./figures.ts";
import { WAY_WORDS } from "./ways.ts";

/** Milliseconds for a P99 of requests that nobody judges, ten times what it is where nothing else runs. */
const BUSY_MS = 25;

export function troubleOf({ way, failed, unsent, still_open: open, latency_p99_ms: p99 }: Figures): readonly string[] {
  const told = (count: number, what: string): readonly string[] =>
    count === 0 ? [] : [`${WAY_WORDS[way]}: ${count} ${what}`];
  const isBusy = way === "nothing" && p99 > BUSY_MS;
  return [
    ...(isBusy
      ? [
          `Requests that nobody judged took ${shown(p99)} ms (P99): this machine does other work, and latencies tell of that`,
        ]
      : []),
    ...told(failed, "requests were answered by neither yes nor no"),
    ...told(unsent, "requests were not sent, because too many waited: ask for fewer a second"),
    ...told(open, "revoked tokens were still accepted when nobody looked any longer"),
  ];
}
