// That tokens from before a past position or time are over, for those who ask the server. Sessions of that time are ended one by one;
// this is what holds for tokens without one. Verifiers know it from the notice. The row stands beside those of single tokens.

import { formatPosition, isBefore, type Position, parsePosition } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import { type Instant, latest } from "../kernel/time.ts";
import type { Row, RowChange, RowKey } from "../store/store.ts";

export interface TokenCutOff {
  readonly before: Position | null;
  /** Seconds: tokens whose `iat` lies before it. */
  readonly issuedBefore: number;
}

const NONE: TokenCutOff = { before: null, issuedBefore: 0 };

/** No `jti`: ours have 22 characters. */
export function tokenCutOffKey(tenant: TenantId): RowKey {
  return { tenant, kind: "revoked_token", id: "before" };
}

export function tokenCutOffFromRow(row: Row | undefined): TokenCutOff {
  if (row === undefined) return NONE;
  const { before, issuedBefore } = JSON.parse(row.value) as { readonly before: string | null; issuedBefore: number };
  return { before: before === null ? null : (parsePosition(before) ?? null), issuedBefore };
}

/** The row with one more cut-off in it; it lasts as long as a token of before could be accepted by anyone. */
export function withTokenCutOff(tenant: TenantId, row: Row | undefined, more: TokenCutOff, until: Instant): RowChange {
  const held = tokenCutOffFromRow(row);
  const before =
    held.before === null || (more.before !== null && isBefore(held.before, more.before)) ? more.before : held.before;
  const value = JSON.stringify({
    before: before === null ? null : formatPosition(before),
    issuedBefore: Math.max(held.issuedBefore, more.issuedBefore),
  });
  return {
    key: tokenCutOffKey(tenant),
    expect: row?.version ?? "absent",
    next: { value, expires: latest(row?.expires ?? until, until) },
  };
}

export function isCutOff(
  token: { readonly pos: Position; readonly iat: number },
  { before, issuedBefore }: TokenCutOff,
): boolean {
  return token.iat < issuedBefore || (before !== null && isBefore(token.pos, before));
}
