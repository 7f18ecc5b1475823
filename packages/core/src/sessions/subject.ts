// A subject's row: which of its sessions live, so that a limit is exact, and (as the row's cut-off) before which position everything is over.

import type { SessionId, SubjectId, TenantId } from "../kernel/ids.ts";
import { type Instant, isPast } from "../kernel/time.ts";
import type { Row, RowKey } from "../store/store.ts";

export interface SubjectSession {
  readonly id: SessionId;
  /** The session's absolute end: after it the entry can go. */
  readonly until: Instant;
}

export interface Subject {
  /** Oldest first. Sessions that ended early are still in it until the next opening looks. */
  readonly sessions: readonly SubjectSession[];
}

export const NO_SESSIONS: Subject = { sessions: [] };

export function subjectKey(tenant: TenantId, id: SubjectId): RowKey {
  return { tenant, kind: "subject", id };
}

export function subjectToRow(subject: Subject): { readonly value: string; readonly expires: null } {
  return { value: JSON.stringify(subject.sessions.flatMap(({ id, until }) => [id, until])), expires: null };
}

export function subjectFromRow(row: Row | undefined): Subject {
  if (row === undefined) return NO_SESSIONS;
  const flat = JSON.parse(row.value) as (string | number)[];
  const sessions = flat.flatMap((value, index): SubjectSession[] => {
    const until = flat[index + 1];
    return typeof value === "string" && typeof until === "number"
      ? [{ id: value as SessionId, until: until as Instant }]
      : [];
  });
  return { sessions };
}

/** Without those whose absolute end is past. */
export function unexpired(subject: Subject, now: Instant): readonly SubjectSession[] {
  return subject.sessions.filter((session) => !isPast(session.until, now));
}
