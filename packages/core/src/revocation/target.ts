// What can be revoked.

import type { ReceiptTarget } from "@hallpass/protocol";
import type { ClientId, FamilyId, SessionId, SubjectId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";

export type Target =
  | { readonly kind: "session"; readonly session: SessionId }
  | { readonly kind: "family"; readonly session: SessionId; readonly family: FamilyId }
  /** `expires`, when it is known, lets the notice go as soon as the token would have. */
  | { readonly kind: "token"; readonly jti: string; readonly expires: Instant | null }
  | { readonly kind: "subject"; readonly subject: SubjectId }
  | { readonly kind: "client"; readonly client: ClientId };

/** So that a revocation, its receipt and its rows fit into one change. */
export const MAX_TARGETS = 8;

export function targetToWire(target: Target): ReceiptTarget {
  switch (target.kind) {
    case "session":
      return { type: "session", sid: target.session };
    case "family":
      return { type: "family", sid: target.session, fam: target.family };
    case "token":
      return { type: "token", jti: target.jti };
    case "subject":
      return { type: "subject", subject: target.subject };
    case "client":
      return { type: "client", client_id: target.client };
  }
}
