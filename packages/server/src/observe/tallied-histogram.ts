// A histogram that is counted in plain numbers and written out when the page is fetched. prom-client makes, checks and hashes a record of
// labels for each observation, and a request has several.

import { Histogram, type HistogramConfiguration } from "prom-client";

export interface Tally {
  readonly observe: (value: number) => void;
}

type Written = Awaited<ReturnType<Histogram["get"]>>;

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** For each bound, how many were at most that and above the one before; the last is for those above all. */
  readonly counts: number[];
  sum: number;
}

export interface TalliedConfiguration extends HistogramConfiguration<string> {
  readonly buckets: number[];
}

/** Observe through `tally` only: what prom-client's own methods count is not written out. */
export class TalliedHistogram extends Histogram {
  readonly #bounds: readonly number[];
  readonly #configuration: TalliedConfiguration;
  readonly #series: Series[] = [];

  constructor(configuration: TalliedConfiguration) {
    super(configuration);
    this.#configuration = configuration;
    this.#bounds = configuration.buckets;
  }

  /** One series; ask once for each set of labels and keep it. */
  tally(labels: Readonly<Record<string, string>> = {}): Tally {
    const bounds = this.#bounds;
    const series: Series = { labels, counts: [0, ...bounds].fill(0), sum: 0 };
    this.#series.push(series);
    return {
      observe: (value) => {
        let at = 0;
        while (at < bounds.length && value > (bounds[at] ?? Infinity)) at += 1;
        series.counts[at] = (series.counts[at] ?? 0) + 1;
        series.sum += value;
      },
    };
  }

  override async get(): Promise<Written> {
    const values = this.#series.flatMap((series) => this.#written(series));
    const { name, help } = this.#configuration;
    // The declaration asks for more than prom-client itself returns.
    return { name, help, type: "histogram", aggregator: "sum", values } as unknown as Written;
  }

  /** What the registry asks for when it prints the page. */
  getForPromString(): Promise<Written> {
    return this.get();
  }

  #written({ labels, counts, sum }: Series): Written["values"] {
    const { name } = this.#configuration;
    let upTo = 0;
    const buckets = counts.map((count, index) => {
      upTo += count;
      return { metricName: `${name}_bucket`, labels: { le: this.#bounds[index] ?? "+Inf", ...labels }, value: upTo };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: upTo },
    ];
  }
}
