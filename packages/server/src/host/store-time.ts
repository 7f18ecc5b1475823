// What may be believed of the store's clock. A receipt calls a bound passed by that clock; one that jumps ahead would say so too early.
// Every read shows it: taken between two readings of the clock that never goes back, so it is known how far the two lie apart, from
// `least` to `most`. Whoever shows more than that has jumped, and is not believed for an hour; then it was a correction. A clock that
// was set back is followed at once, so that what is committed by it is not found to be long ago when it is set right; but what it had outlived
// is written down first, so that nothing comes to life again.

import { type Clock, type Instant, instantOf, type MaybePromise, type Snapshot, type Store } from "@hallpass/core";

export interface StoreTime {
  /** The store's clock, or how far it can be by the clock that never goes back, if that is less. */
  believed(shown: Instant): Instant;
}

/** How fast the two clocks may part (LEASE-3 allows for as much). */
const DRIFT = 0.001;
const DOUBT = 3_600_000;
/** Milliseconds by which a clock may be corrected without having gone back. */
const SET_BACK = 1000;

interface Apart {
  readonly least: number;
  readonly most: number;
  /** By the clock that never goes back. */
  readonly at: number;
}

/** `wentBack` writes down what was over at an instant that had been shown, and believed, before; nothing that was read is answered until it has. */
export function watchStoreTime(
  store: Store,
  { monotonic }: Pick<Clock, "monotonic">,
  wentBack: (reached: Instant) => Promise<unknown>,
): { readonly store: Store; readonly time: StoreTime } {
  let apart: Apart | undefined;
  let doubtedSince: number | null = null;
  /** The latest that was shown and believed, and when it had arrived by the clock that never goes back. */
  let latest = { shown: 0, at: 0 };
  /** By when there is something to write down. */
  let reached: Instant | undefined;
  let writing: Promise<void> | undefined;

  function writtenDown(until: Instant): Promise<void> {
    writing ??= wentBack(until)
      .then(() => {
        if (reached === until) reached = undefined;
      })
      .finally(() => (writing = undefined));
    return writing;
  }

  function drifted({ least, most, at }: Apart, now: number): Apart {
    const drift = Math.max(0, now - at) * DRIFT;
    return { least: least - drift, most: most + drift, at: now };
  }

  function saw(shown: Instant, from: number, to: number): void {
    // A millisecond each way: the store's clock shows whole ones.
    const seen: Apart = { least: shown - to - 1, most: shown - from + 1, at: to };
    const known = apart === undefined ? seen : drifted(apart, to);
    const ahead = seen.least > known.most;
    doubtedSince = ahead ? (doubtedSince ?? to) : null;
    const corrected = doubtedSince !== null && to - doubtedSince >= DOUBT;
    if (corrected) doubtedSince = null;
    // What was asked for before the latest had arrived may have been read before it.
    const overtaken = Math.max(0, latest.at - from);
    if (shown < latest.shown - SET_BACK - overtaken) {
      reached = instantOf(Math.max(reached ?? 0, latest.shown));
      latest = { shown, at: to };
    } else if (shown > latest.shown && (!ahead || corrected)) latest = { shown, at: to };
    if (corrected || seen.most < known.least) apart = seen;
    else if (ahead) apart = known;
    else apart = { least: Math.max(seen.least, known.least), most: Math.min(seen.most, known.most), at: to };
  }

  function read(keys: Parameters<Store["read"]>[0]): MaybePromise<Snapshot> {
    if (reached !== undefined) return writtenDown(reached).then(() => read(keys));
    const from = monotonic();
    const noted = (snapshot: Snapshot): MaybePromise<Snapshot> => {
      saw(snapshot.clock, from, monotonic());
      return reached === undefined ? snapshot : read(keys);
    };
    const answer = store.read(keys);
    return answer instanceof Promise ? answer.then(noted) : noted(answer);
  }

  return {
    store: { ...store, read },
    time: {
      believed: (shown) => {
        if (apart === undefined) return shown;
        const now = monotonic();
        const { least, most } = drifted(apart, now);
        return shown <= most + now ? shown : instantOf(Math.max(0, Math.floor(least + now)));
      },
    },
  };
}
