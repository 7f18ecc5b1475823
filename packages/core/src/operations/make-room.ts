// Keeps a subject within its limit while a session is opened. The subject's row is part of the same change, so that the limit is exact
// however many open at once: the losers of the race count again.

import { sessionFact } from "../facts.ts";
import type { SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import type { RefusalCode } from "../kernel/refusal.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import { decide } from "../sessions/decide.ts";
import type { Policy } from "../sessions/policy.ts";
import { absoluteEnd, type Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { type SubjectSession, subjectFromRow, subjectKey, subjectToRow, unexpired } from "../sessions/subject.ts";
import type { FactDraft, NoticeDraft, RowChange, RowKey, Snapshot } from "../store/store.ts";

export interface Eviction {
  readonly evicted: readonly SessionId[];
  /** The subject's row and those of the evicted. */
  readonly rows: readonly RowChange[];
  readonly notices: readonly NoticeDraft[];
  readonly facts: readonly FactDraft[];
}

export type Room =
  | ({ readonly kind: "room" } & Eviction)
  /** More must go than fits into the change that opens: these first, in one of their own. */
  | ({ readonly kind: "crowded" } & Eviction)
  | { readonly kind: "read"; readonly keys: readonly RowKey[] }
  | { readonly kind: "refused"; readonly code: RefusalCode };

/** So that the change that opens keeps within its sixteen rows. More surplus than that only follows a lowered limit. */
const MOST_EVICTIONS = 8;

interface Opening {
  readonly deps: { readonly issuer: Issuer; readonly dice: Dice };
  readonly session: Session;
  readonly policy: Policy;
  /** The session that the new one replaces: it takes no place. */
  readonly replaced: SessionId | null;
  readonly snapshot: Snapshot;
}

interface Evicting extends Opening {
  /** Whether the change that evicts is the one that opens. */
  readonly isCertain?: boolean;
}

/** Only at the limit are the sessions themselves read, to see which still live. */
export function makeRoom(one: Opening): Room {
  const { session, policy, replaced, snapshot } = one;
  const { tenant, subject } = session;
  const listed = unexpired(subjectFromRow(snapshot.get(subjectKey(tenant, subject))), snapshot.clock).filter(
    ({ id }) => id !== replaced,
  );
  const entry: SubjectSession = { id: session.id, until: absoluteEnd(session) };
  if (listed.length < policy.maxSessions) return { kind: "room", ...evicting(one, [...listed, entry], []) };
  const keys = listed.map(({ id }) => sessionKey({ tenant, id }));
  if (keys.some((key) => !snapshot.has(key))) return { kind: "read", keys };
  const live = listed.filter(({ id }) => {
    const found = snapshot.get(sessionKey({ tenant, id }));
    return found !== undefined && standingOf(sessionFromRow(found), snapshot).kind === "active";
  });
  const surplus = live.length - policy.maxSessions + 1;
  if (surplus <= 0) return { kind: "room", ...evicting(one, [...live, entry], []) };
  // What the new session hangs on can't make room for it.
  const oldest = live.filter(({ id }) => !session.ancestors.includes(id)).slice(0, surplus);
  if (policy.overLimit === "refuse" || oldest.length < surplus) return { kind: "refused", code: "session_limit" };
  const victims = oldest.slice(0, MOST_EVICTIONS);
  const left = live.filter((each) => !victims.includes(each));
  return victims.length < oldest.length
    ? // The session that comes in the end may have another id.
      { kind: "crowded", ...evicting({ ...one, isCertain: false }, left, victims) }
    : { kind: "room", ...evicting(one, [...left, entry], victims) };
}

function evicting(one: Evicting, sessions: readonly SubjectSession[], victims: readonly SubjectSession[]): Eviction {
  const { session, snapshot } = one;
  const key = subjectKey(session.tenant, session.subject);
  const row = snapshot.get(key);
  const gone = victims.flatMap(({ id }) => evict(one, sessionKey({ tenant: session.tenant, id })));
  return {
    evicted: gone.map(({ id }) => id),
    rows: [
      { key, expect: row?.version ?? "absent", next: subjectToRow({ ...subjectFromRow(row), sessions }) },
      ...gone.map((each) => each.row),
    ],
    notices: gone.map((each) => each.notice),
    facts: gone.map((each) => each.fact),
  };
}

function evict(
  { deps, session, snapshot, isCertain = true }: Evicting,
  key: RowKey,
): { id: SessionId; row: RowChange; notice: NoticeDraft; fact: FactDraft }[] {
  const row = snapshot.get(key);
  if (row === undefined) return [];
  const victim = sessionFromRow(row);
  const ruling = decide(victim, { kind: "end", reason: "evicted" }, snapshot.clock);
  if (ruling.kind !== "changed") return [];
  return [
    {
      id: victim.id,
      row: { key, expect: row.version, next: sessionToRow(ruling.next, KEPT_AFTER_END) },
      notice: noticeDraft(key.tenant, { kind: "session", sid: victim.id }, deps.issuer, deps.dice),
      fact: sessionFact(key.tenant, victim.id, snapshot.clock, "session_ended", {
        reason: "evicted",
        at_ms: snapshot.clock,
        revocation: null,
        ...(isCertain ? { opened: session.id } : {}),
      }),
    },
  ];
}
