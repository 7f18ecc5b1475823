// Who issues: one tenant's issuer, as every operation sees it.

import type { TenantId } from "./ids.ts";

export interface Issuer {
  readonly tenant: TenantId;
  /** The issuer identifier: what stands in `iss`. */
  readonly url: string;
  /** Seconds of clock difference that are forgiven. */
  readonly skew: number;
  /** Seconds: no access token is issued for longer. */
  readonly maxTokenLifetime: number;
  /** Seconds: the longest life of any token that may still be out there; at least `maxTokenLifetime`. */
  readonly longestToken: number;
  /** Salts what stands in notices instead of subjects and clients. */
  readonly salt: Uint8Array;
}
