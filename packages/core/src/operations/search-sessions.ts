// Finds sessions by the same language as a revocation by query. Those of one subject are known by its row and come newest first; all others
// are found by looking, oldest first.

import type { SessionId, SubjectId, TenantId } from "../kernel/ids.ts";
import { ringKey } from "../keys/ring.ts";
import { firstIdOf, idIsBeyond, queryMatcher, type SessionQuery } from "../sessions/session-query.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import { subjectFromRow, subjectKey } from "../sessions/subject.ts";
import type { SeenSession } from "./read-session.ts";
import { type ScanDeps, type Scanned, scanSessions } from "./scan-sessions.ts";

export interface SearchSessions {
  readonly query: SessionQuery;
  /** All of them, when it is absent. */
  readonly state: SeenSession["standing"]["kind"] | undefined;
  readonly after: SessionId | null;
  readonly limit: number;
}

/** Rows that one call looks at: some 20 ms, in pieces. */
export const MOST_SCANNED = 2048;

/** Never refuses. An answer may hold fewer than there are, or none: `next` says whether to go on. */
export async function searchSessions(deps: ScanDeps, tenant: TenantId, request: SearchSessions): Promise<Scanned> {
  const { query, state, after, limit } = request;
  const means = queryMatcher(query);
  const wants = ({ standing }: SeenSession): boolean => state === undefined || standing.kind === state;
  if (query.subject !== undefined) {
    const listed = await ofSubject(deps, tenant, query.subject);
    const left = newestFirst(listed).filter(({ session }) => after === null || session.id < after);
    const found = left.filter((seen) => means(seen.session) && wants(seen));
    const sessions = found.slice(0, limit);
    return {
      sessions,
      scanned: left.length,
      unreadable: 0,
      next: sessions.length < found.length ? (sessions.at(-1)?.session.id ?? null) : null,
    };
  }
  const scan = { means, wants, first: firstIdOf(query), isBeyond: (id: string) => idIsBeyond(id, query) };
  return scanSessions(deps, tenant, scan, { after, limit, mostRows: MOST_SCANNED });
}

/** By id, which begins with the time of the opening: a cursor has its place in this order also when its session is gone. */
export function newestFirst(seen: readonly SeenSession[]): readonly SeenSession[] {
  return seen.toSorted((a, b) => (a.session.id < b.session.id ? 1 : -1));
}

/** The subject's sessions that live, and those that ended lately; newest first. There are never many: a policy limits them. */
export async function ofSubject(deps: ScanDeps, tenant: TenantId, id: SubjectId): Promise<readonly SeenSession[]> {
  const key = subjectKey(tenant, id);
  const listed = subjectFromRow((await deps.store.read([key])).get(key)).sessions.toReversed();
  const keys = listed.map((one) => sessionKey({ tenant, id: one.id }));
  const snapshot = await deps.store.read([ringKey(tenant), ...keys]);
  return keys.flatMap((each) => {
    const row = snapshot.get(each);
    if (row === undefined) return [];
    const session = sessionFromRow(row);
    return [{ session, version: row.version, standing: standingOf(session, snapshot), asOf: snapshot.clock }];
  });
}
