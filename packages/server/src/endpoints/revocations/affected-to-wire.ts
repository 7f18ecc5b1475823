// One of those whom a revocation hits: enough to find and to tell them, and no more.

import type { Session, SessionId } from "@hallpass/core";

export function affectedToWire(id: SessionId, session: Session | null): object {
  if (session === null) return { sid: id, removed: true };
  const { subject, families, opened, lastActive, state } = session;
  return {
    sid: id,
    subject,
    client_ids: [...new Set(families.map(({ client }) => client))],
    opened_ms: opened,
    last_active_ms: lastActive,
    end: state.kind === "ended" ? { reason: state.reason, at_ms: state.at } : null,
  };
}
