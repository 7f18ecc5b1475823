// What a revocation answers (spec/receipt.md), as it stands on the wire.

import type { JsonObject } from "./strict-json.ts";

export type ReceiptTarget =
  | { readonly type: "session"; readonly sid: string }
  | { readonly type: "family"; readonly sid: string; readonly fam: string }
  | { readonly type: "token"; readonly jti: string }
  | { readonly type: "subject"; readonly subject: string }
  | { readonly type: "client"; readonly client_id: string }
  | { readonly type: "tenant" }
  | { readonly type: "before"; readonly pos: string }
  | { readonly type: "before"; readonly time_ms: number }
  | { readonly type: "query"; readonly query: JsonObject };

export interface SilentVerifier {
  readonly instance: string;
  readonly region: string | null;
  readonly last_seen_ms: number | null;
  /** Null when nothing bounds it. */
  readonly refuses_by_ms: number | null;
}

export interface ServiceEnforcement {
  readonly service: string;
  readonly verifiers: number;
  readonly enforced: number;
  readonly waiting: number;
  readonly no_bound: number;
  readonly refuses_by_ms: number | null;
  /** How many of its verifiers have said what they accepted meanwhile, and how many tokens that was at most. */
  readonly reported: number;
  readonly late_accepts: number;
  /** Those without a bound first, then those with the latest; no more than `MOST_SILENT_LISTED` in a whole receipt. */
  readonly silent: readonly SilentVerifier[];
  /** How many more are silent than are listed; absent for none. */
  readonly silent_omitted?: number;
}

/**
 * A thousand names are more than a person goes through, and some 130 kB. Of a large fleet that is cut off, or of names that a holder of a feed
 * credential made up, a receipt would otherwise be tens of megabytes, each time it is read; `GET /v1/verifiers` lists them all.
 */
export const MOST_SILENT_LISTED: number = 1000;

export interface Receipt {
  readonly id: string;
  readonly pos: string;
  readonly committed_at_ms: number;
  readonly as_of_ms: number;
  readonly targets: readonly ReceiptTarget[];
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly actor: string | null;
  /** `running`: not every session that it means has been reached; then nothing is promised yet. `incomplete`: it is over, and some could not be read. */
  readonly status: "running" | "complete" | "incomplete";
  readonly ended_sessions: number;
  /** While `ended_sessions` grows though everything is taken: a client's sessions are counted after its cut-off. */
  readonly counting?: true;
  /** Rows of sessions that could not be read, so that nobody knows whether they were meant; absent for none. */
  readonly unreadable_sessions?: number;
  /** How many rows its run has looked at; null when it needed none. */
  readonly scanned_sessions: number | null;
  readonly fleet: {
    readonly verifiers: number;
    readonly enforced: number;
    readonly waiting: number;
    readonly no_bound: number;
  };
  readonly services: readonly ServiceEnforcement[];
  readonly enforced_by_ms: number | null;
  readonly tokens_expire_by_ms: number;
}

export interface SignedReceipt extends Receipt {
  readonly jws: string;
}

export const RECEIPT_TYPE = "hallpass-receipt+jwt";
