// One rule: a sentence about every store, and a function that throws when the store at hand breaks it.

import type { Store, StoreTraits } from "@hallpass/core";
import type { Drafts } from "./drafts.ts";

/** What a store's test hands in, for each rule anew: an empty store of its own. */
export interface OpenStore {
  readonly store: Store;
  /** Opens the same rows again after the store was closed or its process was killed. A store that promises to survive must give it. */
  readonly reopen?: () => Promise<Store>;
  /** Arguments for `node` to run a program that opens the same rows and calls `commitUntilKilled`. A store that promises to survive must give it. */
  readonly committer?: readonly string[];
  /** Called after the rule: lets go of whatever is not the store's. */
  readonly dispose?: () => Promise<void>;
}

export interface RuleContext extends OpenStore {
  readonly drafts: Drafts;
}

export interface Rule {
  readonly id: string;
  readonly group: string;
  /** What every store does. */
  readonly title: string;
  /** For the few promises that a store's declared traits take back. */
  readonly promisedBy?: (traits: StoreTraits) => boolean;
  readonly run: (context: RuleContext) => Promise<void>;
}
