// The promises of a store. Two primitives carry every change: `read` gives rows, head and clock of one snapshot,
// `commit` writes all of a change or nothing. Everything else is written once, in core, on top of them.
// Values are texts that only core understands; a store never looks inside.
// store-contract/ runs these sentences against any store.

import type { Position } from "@hallpass/protocol";
import type { SessionId, TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";

export const ROW_KINDS = [
  "session",
  "subject",
  "client",
  "keys",
  "issuer",
  "verifier",
  "revocation",
  "revoked_token",
  "idempotency",
  "lease",
  "reader",
  "dead_letter",
  "audit",
  "audit_persons",
  "audit_checkpoint",
  "one_time",
  "affected",
  "policy",
  "policy_version",
] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/** `id` is 1 to 512 bytes of UTF-8. Two keys are the same row exactly if all three members are equal. */
export interface RowKey {
  readonly tenant: TenantId;
  readonly kind: RowKind;
  readonly id: string;
}

export interface Row {
  readonly key: RowKey;
  readonly value: string;
  /** 1 when the row was made, one more with every change. */
  readonly version: number;
  /** The attempt of the change that wrote it last. */
  readonly attempt: string;
  /** The position of the last change that raised this row's cut-off; null if none did. Only ever raised. */
  readonly notBefore: Position | null;
  /** The store's time of that change's commit; null exactly when `notBefore` is. */
  readonly raisedAt: Instant | null;
  /** When the row is due for the sweep; null for never. The store removes nothing by itself. */
  readonly expires: Instant | null;
  /** A store may carry it along with a row that it keeps in memory. It is nobody's but core's, and is not written down. */
  parsed?: Parsed;
}

/** What a value was read as, or written from: good for that text alone. */
export interface Parsed {
  readonly value: string;
  readonly as: object;
}

export interface Head {
  readonly pos: Position;
  /** The mark of the notice at `pos`; of the store's birth if there was none. base64url of 8 bytes. */
  readonly mark: string;
}

/** Everything in it was true at one instant of the store, no earlier than the call. */
export interface Snapshot {
  /** A row that was asked for, or that such a row refers to (one step); undefined when it does not exist. Asking for any other key is a defect and throws. */
  get(key: RowKey): Row | undefined;
  /** Whether `get` can answer for this key: it was asked for, or a row that was asked for refers to it. */
  has(key: RowKey): boolean;
  /** The newest position, read linearizably: no commit that was answered before the call is missing. */
  readonly head: Head;
  readonly clock: Instant;
}

export interface RowChange {
  readonly key: RowKey;
  /** The version that the row must have, or that it must not exist. Compared with the row locked. */
  readonly expect: number | "absent";
  /** A new value with its own due time and refs, none unless named; `same`: only compare (and keep others from changing it in between); `gone`: remove. */
  readonly next:
    | {
        readonly value: string;
        readonly expires: Instant | null;
        readonly refs?: readonly RowKey[];
        readonly parsed?: Parsed;
      }
    | "same"
    | "gone";
  /** Sets `notBefore` to the position of this change's last notice, and `raisedAt` to the commit's time. Needs a new value and at least one notice. */
  readonly raise?: true;
}

export interface NoticeDraft {
  readonly tenant: TenantId;
  /** base64url of 8 random bytes. */
  readonly mark: string;
  /** What is taken away: the wire form without `pos`, `at_ms` and `until_ms`, as JSON text. */
  readonly body: string;
  /** The notice lives until the commit plus this many milliseconds, and at least until `liveUntil`. */
  readonly livesMs: number;
  readonly liveUntil?: Instant;
  /** Starts a new epoch: each part of the position is one more than the larger of the two in the head and in `above`. */
  readonly newEpoch?: { readonly above: Position | null };
}

export interface StoredNotice {
  readonly pos: Position;
  readonly tenant: TenantId;
  readonly mark: string;
  readonly body: string;
  /** The store's time of the commit. */
  readonly at: Instant;
  readonly until: Instant;
}

export interface FactDraft {
  readonly tenant: TenantId;
  readonly kind: string;
  readonly session: SessionId | null;
  readonly at: Instant;
  /** JSON text, at most 4 KiB; never a secret. */
  readonly body: string;
}

export interface StoredFact extends FactDraft {
  /** Where a reader goes on; ordered for one session, opaque otherwise. */
  readonly cursor: string;
}

/** All or nothing. At most 16 rows, no row twice; at least a row, a notice or a fact. */
export interface Change {
  /** base64url of 8 random bytes, unique to this try. */
  readonly attempt: string;
  readonly rows: readonly RowChange[];
  readonly notices: readonly NoticeDraft[];
  readonly facts: readonly FactDraft[];
}

export type Outcome =
  /** Durable as `traits.durability` says. `pos` is that of the change's last notice, otherwise the head it saw. */
  | { readonly kind: "committed"; readonly pos: Position; readonly at: Instant }
  /** Nothing was written: a row did not have the version expected. */
  | { readonly kind: "conflict" }
  /** Nothing was written, and the store is sure of it. */
  | { readonly kind: "failed"; readonly cause: unknown; readonly full: boolean }
  /** It may have been written: re-read the attempt. */
  | { readonly kind: "unknown"; readonly cause: unknown };

export interface StoreTraits {
  readonly name: string;
  /** What survives: nothing, `kill -9`, or a power cut. */
  readonly durability: "none" | "process" | "power";
  /** Whether `read` gives the head linearizably. Without it receipts give no bound. */
  readonly head: "linearizable" | "stale";
  /** Whether only one process can serve this store, so that no other node can have granted a lease. */
  readonly nodes: "one" | "many";
}

/** Facts of one kind that are kept for less time than others. */
export interface FactsOf {
  readonly kind: string;
  readonly from: Instant;
  readonly before: Instant;
}

/** A condition of what is not a change: the row has this version. */
export interface Fence {
  readonly key: RowKey;
  readonly version: number;
}

/** Promises are a good part of what a request costs: who has the answer already gives no promise of it. */
export type MaybePromise<T> = T | Promise<T>;

export interface Store {
  readonly traits: StoreTraits;

  /** Rows, head and clock of one snapshot: at once where nothing has to be waited for. Rejects with a Fault when it can't know, and never throws one. */
  read(keys: readonly RowKey[]): MaybePromise<Snapshot>;

  /**
   * Commits changes that were gathered from concurrent requests: one round trip, one fsync. Each is all or nothing by itself;
   * the outcomes stand in the order of the changes. No two changes of one call touch the same row unless both only compare it.
   * Never rejects for a fault: that is `failed` or `unknown`, for each change.
   */
  commit(changes: readonly Change[]): Promise<readonly Outcome[]>;

  /** Live notices of one tenant with `after.seq < seq <= upTo.seq`, in order, at most `limit`; and what was ever dropped, of any tenant: the largest seq, and the largest horizon of a drop that dropped any. */
  notices(range: {
    readonly tenant: TenantId;
    readonly after: Position;
    readonly upTo: Position;
    readonly limit: number;
  }): Promise<{
    readonly notices: readonly StoredNotice[];
    readonly more: boolean;
    readonly dropped: { readonly seq: number; readonly horizon: Instant };
  }>;

  /** The mark at a position: of a kept notice (any tenant) or the store's birth; undefined when it is not kept or never was. */
  markAt(pos: Position): Promise<string | undefined>;

  /** Facts in order after a cursor: of one session, or of all. `more` says that another page follows. */
  facts(query: {
    readonly tenant: TenantId;
    readonly session?: SessionId;
    readonly after?: string;
    readonly limit: number;
  }): Promise<{
    readonly facts: readonly StoredFact[];
    readonly more: boolean;
  }>;

  /** Rows of a kind, ordered by id in code units of UTF-8, after an id. */
  list(query: {
    readonly tenant: TenantId;
    readonly kind: RowKind;
    readonly after?: string;
    readonly limit: number;
  }): Promise<readonly Row[]>;

  /** Keys of rows of a kind that are due: `expires <= by`; soonest first, at most `limit`. */
  due(query: { readonly kind: RowKind; readonly by: Instant; readonly limit: number }): Promise<readonly RowKey[]>;

  /** Drops notices with `until <= horizon`, facts older than `factsBefore` and facts of a kind with `from <= at < before`, in small steps; answers whether more is left. The position after the last notice never falls because of it. With a fence it drops only while the row has that version, compared in the same step; otherwise nothing more, and says so by `fenced`. */
  drop(bounds: {
    readonly horizon: Instant;
    readonly factsBefore: Instant;
    readonly factsOf?: readonly FactsOf[];
    readonly limit: number;
    readonly fence?: Fence;
  }): Promise<{ readonly more: boolean; readonly fenced?: true }>;

  /** Calls back, soon and perhaps too often, when the head may have moved. Only wakes: a lost call delays nothing beyond the next ping. */
  onHeadMoved(wake: () => void): () => void;

  /** Waits for what was accepted, then lets go of everything. Calls afterwards reject with a Fault. */
  close(): Promise<void>;
}
