// That one access token was revoked, for those who ask the server. Verifiers know it from the notice.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { RowChange, RowKey } from "../store/store.ts";

export function revokedTokenKey(tenant: TenantId, jti: string): RowKey {
  return { tenant, kind: "revoked_token", id: jti };
}

export function revokedTokenRow(tenant: TenantId, jti: string, expires: Instant): RowChange {
  return { key: revokedTokenKey(tenant, jti), expect: "absent", next: { value: "1", expires } };
}
