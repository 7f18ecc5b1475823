// Tokens as they were shown, read and not yet judged. Reading costs as much as judging, so of what was found genuine this is remembered
// with the keys that said so (ring.ts), without what makes it a credential.

import type { AccessTokenClaims, CompactJws } from "@hallpass/protocol";
import type { ClientId, SessionId } from "../kernel/ids.ts";
import type { Mark } from "../keys/seen.ts";
import type { RowKey } from "../store/store.ts";

/** What an access token says. */
export interface AccessTokenRead {
  readonly kid: string;
  readonly claims: AccessTokenClaims;
  readonly client: ClientId;
  /** To read before it is judged. */
  readonly rows: readonly RowKey[];
}

/** By its form alone an access token of this issuer: nothing of it is verified. */
export interface PresentedAccessToken extends AccessTokenRead {
  readonly text: string;
  readonly mark: Mark;
  /** Undefined for one that was remembered. */
  readonly jws: Extract<CompactJws, { ok: true }> | undefined;
}

/** What a session token says: whose it is, and which of them. */
export interface SessionTokenRead {
  readonly session: SessionId;
  readonly jti: string;
  /** To read before it is judged. */
  readonly rows: readonly RowKey[];
}

/** A text that has the form of a session token. */
export interface PresentedSessionToken extends SessionTokenRead {
  readonly text: string;
  readonly mark: Mark;
}
