// What an Idempotency-Key remembers: which session it opened. The tokens are computed again, so no secret rests here.

import { createHash } from "node:crypto";
import { encodeBase64url } from "@hallpass/protocol";
import type { ClientId, FamilyId, SessionId, TenantId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import type { Row, RowChange, RowKey, Snapshot } from "../store/store.ts";

export interface Idempotency {
  /** Who called: keys of different callers never meet. */
  readonly caller: ClientId;
  readonly key: string;
  /** A hash of the request: the same key with another request is refused. */
  readonly fingerprint: string;
}

export interface Remembered {
  readonly fingerprint: string;
  readonly session: SessionId;
  readonly family: FamilyId;
  readonly evicted: readonly SessionId[];
}

/** Milliseconds. */
export const IDEMPOTENCY_KEPT: number = 24 * 60 * 60 * 1000;

export function idempotencyKey(tenant: TenantId, idempotency: Idempotency): RowKey {
  const hash = createHash("sha256").update(idempotency.caller).update("\0").update(idempotency.key).digest();
  return { tenant, kind: "idempotency", id: encodeBase64url(hash) };
}

export function rememberedRow(
  tenant: TenantId,
  idempotency: Idempotency,
  opened: Omit<Remembered, "fingerprint">,
  snapshot: Snapshot,
): RowChange {
  const key = idempotencyKey(tenant, idempotency);
  const value = JSON.stringify([idempotency.fingerprint, opened.session, opened.family, opened.evicted]);
  return {
    key,
    expect: snapshot.get(key)?.version ?? "absent",
    next: { value, expires: afterMs(snapshot.clock, IDEMPOTENCY_KEPT) },
  };
}

export function rememberedFromRow(row: Row): Remembered {
  // Rows of release 0.1 end after the family.
  const [fingerprint, session, family, evicted = []] = JSON.parse(row.value) as [
    string,
    SessionId,
    FamilyId,
    SessionId[]?,
  ];
  return { fingerprint, session, family, evicted };
}
