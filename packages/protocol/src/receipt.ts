// What a revocation answers (spec/receipt.md), as it stands on the wire.

export type ReceiptTarget =
  | { readonly type: "session"; readonly sid: string }
  | { readonly type: "family"; readonly sid: string; readonly fam: string }
  | { readonly type: "token"; readonly jti: string }
  | { readonly type: "subject"; readonly subject: string }
  | { readonly type: "client"; readonly client_id: string };

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
  readonly silent: readonly SilentVerifier[];
}

export interface Receipt {
  readonly id: string;
  readonly pos: string;
  readonly committed_at_ms: number;
  readonly as_of_ms: number;
  readonly targets: readonly ReceiptTarget[];
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly actor: string | null;
  readonly ended_sessions: number;
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
