// A counter that is counted in plain numbers, which prom-client is told when the page is fetched: it checks and looks up its record of
// labels for each step, and a request makes several.

import { Counter, type CounterConfiguration } from "prom-client";

export interface CountTally {
  readonly inc: () => void;
}

/** One series for each set of labels; ask once for each and keep it. */
export type CountTallies = (labels: Readonly<Record<string, string>>) => CountTally;

export function talliedCounter(configuration: Omit<CounterConfiguration<string>, "collect">): CountTallies {
  const series: { readonly labels: Readonly<Record<string, string>>; untold: number }[] = [];
  const counter: Counter = new Counter({
    ...configuration,
    collect: () => {
      for (const one of series) {
        if (one.untold > 0) counter.inc(one.labels, one.untold);
        one.untold = 0;
      }
    },
  });
  return (labels) => {
    const one = { labels, untold: 0 };
    series.push(one);
    return {
      inc: () => {
        one.untold += 1;
      },
    };
  };
}
