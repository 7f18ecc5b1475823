// Tokens as they were shown, read and not yet judged. Reading costs as much as judging, so of what was found genuine this is remembered
// with the keys that said so (ring.ts).

import type { AccessTokenClaims, CompactJws } from "@hallpass/protocol";
import type { ClientId, SessionId } from "../kernel/ids.ts";
import type { RowKey } from "../store/store.ts";

/** By its form alone an access token of this issuer: nothing of it is verified. */
export interface PresentedAccessToken {
  readonly text: string;
  readonly jws: Extract<CompactJws, { ok: true }>;
  readonly kid: string;
  readonly claims: AccessTokenClaims;
  readonly client: ClientId;
  /** To read before it is judged. */
  readonly rows: readonly RowKey[];
}

/** A text that has the form of a session token, and the rows to read before it is judged. */
export interface PresentedSessionToken {
  readonly text: string;
  readonly session: SessionId;
  readonly bytes: Uint8Array;
  readonly jti: string;
  readonly rows: readonly RowKey[];
}
