// A subject's row: which of its sessions live, so that a limit is exact; whether it is blocked; and (as the row's cut-off) before which
// position everything is over.

import { isBefore, type Position } from "@hallpass/protocol";
import type { SessionId, SubjectId, TenantId } from "../kernel/ids.ts";
import { type Instant, isPast } from "../kernel/time.ts";
import type { Row, RowKey } from "../store/store.ts";
import type { EndReason } from "./session.ts";

export interface SubjectSession {
  readonly id: SessionId;
  /** The session's absolute end: after it the entry can go. */
  readonly until: Instant;
}

/** While it holds, nothing is opened for the subject. What lived before is over by the cut-off that came with it. */
export interface Block {
  readonly reason: string | null;
  readonly actor: string | null;
  readonly at: Instant;
  /** Null for until it is taken back. */
  readonly until: Instant | null;
  /** The revocation that came with it. */
  readonly revocation: string;
}

/** What a cut-off was for. */
export interface Cut {
  /** Null for a revocation. */
  readonly cut: Extract<EndReason, "subject_blocked" | "subject_erased"> | null;
  /** The revocation that came with it; null where a release that did not note it made the cut-off. */
  readonly by: string | null;
}

/** One that another followed: it says when what lived before it was over. */
export interface EarlierCut extends Cut {
  readonly pos: Position;
  readonly at: Instant;
}

export interface Subject extends Cut {
  /** Oldest first. Sessions that ended early are still in it until the next opening looks. */
  readonly sessions: readonly SubjectSession[];
  readonly block: Block | null;
  /** Oldest first, a few. The last cut-off is the row's own, and `cut` and `by` are of that. */
  readonly earlier: readonly EarlierCut[];
}

export const NO_SESSIONS: Subject = { sessions: [], block: null, cut: null, by: null, earlier: [] };
const MOST_EARLIER = 4;

type More = Partial<Pick<Subject, "block" | "cut" | "by" | "earlier">>;

export function subjectKey(tenant: TenantId, id: SubjectId): RowKey {
  return { tenant, kind: "subject", id };
}

/** Ids and times in turn, and behind them an object for what few subjects have: release 0.1 reads the former and skips the latter. */
export function subjectToRow({ sessions, block, cut, by, earlier }: Subject): {
  readonly value: string;
  readonly expires: null;
} {
  const flat: (string | number | More)[] = [];
  for (const { id, until } of sessions) flat.push(id, until);
  if (block !== null || cut !== null || by !== null || earlier.length > 0) {
    flat.push({
      ...(block === null ? {} : { block }),
      ...(cut === null ? {} : { cut }),
      ...(by === null ? {} : { by }),
      ...(earlier.length === 0 ? {} : { earlier }),
    });
  }
  return { value: JSON.stringify(flat), expires: null };
}

export function subjectFromRow(row: Pick<Row, "value"> | undefined): Subject {
  if (row === undefined) return NO_SESSIONS;
  const flat = JSON.parse(row.value) as (string | number | More)[];
  const sessions = flat.flatMap((value, index): SubjectSession[] => {
    const until = flat[index + 1];
    return typeof value === "string" && typeof until === "number"
      ? [{ id: value as SessionId, until: until as Instant }]
      : [];
  });
  const last = flat.at(-1);
  const more = typeof last === "object" ? last : {};
  const { block = null, cut = null, by = null, earlier = [] } = more;
  return { sessions, block, cut, by, earlier };
}

/** What the row says after a cut-off that the change raises it with. */
export function cutAnew(row: Row | undefined, next: Cut & Pick<Subject, "block">): Subject {
  const { cut, by, earlier } = subjectFromRow(row);
  const last =
    row?.notBefore == null || row.raisedAt === null ? [] : [{ pos: row.notBefore, at: row.raisedAt, cut, by }];
  return { ...next, sessions: [], earlier: [...earlier, ...last].slice(-MOST_EARLIER) };
}

export interface CutOff extends Cut {
  readonly at: Instant;
}

/** The first cut-off after a session was opened: it is that which ended it. `now`: for a row that does not say when. */
export function cutOffAfter(row: Row | undefined, born: Position, now: Instant): CutOff | undefined {
  if (row === undefined || row.notBefore === null || !isBefore(born, row.notBefore)) return undefined;
  const { cut, by, earlier } = subjectFromRow(row);
  return earlier.find(({ pos }) => isBefore(born, pos)) ?? { at: row.raisedAt ?? now, cut, by };
}

/** Without those whose absolute end is past. */
export function unexpired(subject: Subject, now: Instant): readonly SubjectSession[] {
  return subject.sessions.filter((session) => !isPast(session.until, now));
}

export function isBlocked({ block }: Subject, now: Instant): boolean {
  return block !== null && (block.until === null || !isPast(block.until, now));
}
