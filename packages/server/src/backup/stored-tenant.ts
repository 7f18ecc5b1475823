// What backup and restore need of one tenant's store, whatever its kind. A restore works beside the place of the store and takes it in one step.

import type { Store } from "@hallpass/core";
import type { Position } from "@hallpass/protocol";

/** What a copy holds, told by the copy itself. */
export interface CopiedStore {
  readonly head: Position;
  readonly store: string;
  readonly keysSealedUnder: readonly string[];
}

export interface StoredTenant {
  readonly tenant: string;
  readonly issuer: string;
  /** Ends the file's name in a backup. */
  readonly suffix: "sqlite" | "dump";
  /** Whether anything stands in the store's place. */
  isThere(): Promise<boolean>;
  /** One consistent state, in a new file of this name, while nodes serve. */
  copyTo(path: string): Promise<CopiedStore>;
  /** Puts a copy beside the place, in the stead of one that an earlier restore left there. */
  putAside(path: string): Promise<void>;
  openAside(): Promise<Store>;
  removeAside(): Promise<void>;
  /** What the store in its place says of itself; nothing is changed by it. */
  peek(): Promise<Pick<CopiedStore, "head" | "store">>;
  /** Opens the store in its place. */
  open(): Promise<Store>;
}

export interface StoredTenants {
  readonly kind: "sqlite" | "postgres";
  readonly tenants: readonly StoredTenant[];
  /** Takes away what a restore had moved in when it was killed: of that moment there is nothing then. */
  undoHalfMove(): Promise<void>;
  /** What stands aside takes its place, of all tenants or, after a crash and another restore, of none. */
  moveIn(): Promise<void>;
}
