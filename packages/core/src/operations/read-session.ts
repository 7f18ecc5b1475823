// Reads one session, finds those of a subject, tells what happened to one. What is over by derivation says so; nothing is written.

import type { SessionId, SubjectId, TenantId } from "../kernel/ids.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Instant } from "../kernel/time.ts";
import type { Session, SessionState } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import { subjectFromRow, subjectKey } from "../sessions/subject.ts";
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
  const snapshot = await store.read([key]);
  const row = snapshot.get(key);
  if (row === undefined) return refused("session_not_found");
  const session = sessionFromRow(row);
  return granted({ session, version: row.version, standing: standingOf(session, snapshot), asOf: snapshot.clock });
}

/** The subject's sessions that live, and those that ended lately; newest first, after the session `after`. */
export async function searchSessions(
  store: Store,
  tenant: TenantId,
  query: { readonly subject: SubjectId; readonly after: SessionId | null; readonly limit: number },
): Promise<{ readonly sessions: readonly SeenSession[]; readonly next: SessionId | null }> {
  const subject = subjectKey(tenant, query.subject);
  const listed = subjectFromRow((await store.read([subject])).get(subject))
    .sessions.map(({ id }) => id)
    .toReversed();
  const start = query.after === null ? 0 : listed.indexOf(query.after) + 1;
  const page = listed.slice(start, start + query.limit);
  const keys = page.map((id) => sessionKey({ tenant, id }));
  const snapshot = await store.read(keys);
  const sessions = keys.flatMap((key) => {
    const row = snapshot.get(key);
    if (row === undefined) return [];
    const session = sessionFromRow(row);
    return [{ session, version: row.version, standing: standingOf(session, snapshot), asOf: snapshot.clock }];
  });
  return { sessions, next: start + page.length < listed.length ? (page.at(-1) ?? null) : null };
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
