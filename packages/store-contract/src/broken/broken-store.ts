// A store that is right except for one thing. It wraps a store that keeps every promise and spoils one of them.

import type { Store } from "@hallpass/core";

export interface BrokenStore {
  /** What it does wrong. */
  readonly name: string;
  /** The id of the one rule that names this. */
  readonly breaks: string;
  /** Other rules that can't hold either, each with the reason. */
  readonly also?: Readonly<Record<string, string>>;
  readonly spoil: (store: Store) => Store;
}

export type ReadAnswer = Awaited<ReturnType<Store["read"]>>;
export type NoticesAnswer = Awaited<ReturnType<Store["notices"]>>;
