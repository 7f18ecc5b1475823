// Reads one session, tells what happened to one. What is over by derivation says so; nothing is written.

import type { SessionId, TenantId } from "../kernel/ids.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Instant } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import type { Session, SessionState } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import type { Store, StoredFact } from "../store/store.ts";

export interface SeenSession {
  readonly session: Session;
  readonly version: number;
  /** Its own state and that of everything it hangs on, at `asOf`. */
  readonly standing: SessionState;
  readonly asOf: Instant;
}

export async function readSession(store: Store, tenant: TenantId, id: SessionId): Promise<Answer<SeenSession>> {
  const key = sessionKey({ tenant, id });
  const snapshot = await store.read([key, ringKey(tenant)]);
  const row = snapshot.get(key);
  if (row === undefined) return refused("session_not_found");
  const session = sessionFromRow(row);
  return granted({ session, version: row.version, standing: standingOf(session, snapshot), asOf: snapshot.clock });
}

/** What happened to a session, oldest first. */
export async function readTimeline(
  store: Store,
  tenant: TenantId,
  query: { readonly session: SessionId; readonly after: string | null; readonly limit: number },
): Promise<{ readonly facts: readonly StoredFact[]; readonly more: boolean }> {
  return store.facts({
    tenant,
    session: query.session,
    limit: query.limit,
    ...(query.after === null ? {} : { after: query.after }),
  });
}
