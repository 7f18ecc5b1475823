// Erases what is stored about a subject. First everything of it is cut off, with a notice and a receipt; then its sessions' rows are
// removed, receipts that name it are made to name nobody, and the names beside the audit's chain go. In bounded steps that can be repeated.
// What the subject begins after the first step is its own, and stays. A block that holds stays, too: it has to know whom to refuse.

import { encodeBase64url, formatPosition, isBefore, type Position, parsePosition, uuidv7 } from "@hallpass/protocol";
import { fact, sessionFact } from "../facts.ts";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationFromRow, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { sessionFromRow } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import { isBlocked, subjectFromRow, subjectKey, subjectToRow } from "../sessions/subject.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { RowKey } from "../store/store.ts";
import { erasePersons } from "./erase-persons.ts";
import { FIRST_PLACE, placeFromText, placeToText, type SubjectPlace, subjectRows } from "./subject-pages.ts";
import { listedKeys, liveOf, type SubjectDeps, subjectNotice } from "./subjects.ts";

export interface EraseSubject {
  readonly subject: SubjectId;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly actor: string | null;
}

/** Ends everything of the subject. The receipt names nobody: it is kept. */
export async function beginErasure(deps: SubjectDeps, request: EraseSubject): Promise<Revocation> {
  const { tenant } = deps.issuer;
  const { subject, reason, ticket, actor } = request;
  const key = subjectKey(tenant, subject);
  const random = deps.dice.bytes(10);
  const nobody = nameOfNobody(deps);
  return change<Revocation>(deps.store, deps.dice, [ringKey(tenant), key], (snapshot) => {
    const unread = listedKeys(key, snapshot).filter((one) => !snapshot.has(one));
    if (unread.length > 0) return { kind: "read", keys: unread };
    const now = snapshot.clock;
    const id = uuidv7(now, random);
    const row = snapshot.get(key);
    const { block } = subjectFromRow(row);
    const asked = {
      targets: [{ kind: "subject", subject: nobody } as const],
      reason,
      ticket,
      actor,
      endedSessions: liveOf(key, snapshot).length,
      tokensExpireBy: afterMs(now, (deps.issuer.longestToken + deps.issuer.skew) * 1000),
    };
    const receipt = revocationToRow(asked, afterMs(now, RECEIPT_KEPT));
    return write({
      rows: [
        {
          key,
          expect: row?.version ?? "absent",
          next: subjectToRow({ sessions: [], block, cut: "subject_erased" }),
          raise: true,
        },
        { key: revocationKey(tenant, id), expect: "absent", next: receipt, raise: true },
      ],
      notices: [subjectNotice(deps, subject)],
      facts: [fact(tenant, now, "subject_erasing", { revocation: id, sessions: asked.endedSessions, actor })],
      answer: ({ pos, at }) => ({ id, pos, committed: at, ...asked }),
    });
  });
}

export interface ErasedStep {
  readonly examined: number;
  readonly sessions: number;
  readonly receipts: number;
  /** Names beside the audit's chain; counted by the last step. */
  readonly names: number;
  /** Null after the last step. */
  readonly next: ErasurePlace | null;
}

/** Where an erasure goes on, and which cut-off is its own: two of one subject may be under way at once. */
export interface ErasurePlace extends SubjectPlace {
  readonly cut: Position;
}

/** What a cursor holds of it. */
export function erasurePlaceToText(place: ErasurePlace): string {
  return `${formatPosition(place.cut)}/${placeToText(place)}`;
}

export function erasurePlaceFromText(text: string): ErasurePlace | undefined {
  const slash = text.indexOf("/");
  const cut = parsePosition(text.slice(0, Math.max(0, slash)));
  const place = placeFromText(text.slice(slash + 1));
  return cut === undefined || place === undefined ? undefined : { ...place, cut };
}

/** Where an erasure begins whose receipt is this. */
export function firstErasurePlace({ pos }: Revocation): ErasurePlace {
  return { ...FIRST_PLACE, cut: pos };
}

const AT_ONCE = 64;

/** The next step of what `beginErasure` began; it takes only what was cut off by that. */
export async function eraseSubject(
  deps: SubjectDeps,
  request: {
    readonly subject: SubjectId;
    readonly place: ErasurePlace;
    readonly limit: number;
    readonly actor: string | null;
  },
): Promise<ErasedStep> {
  const { subject, place, limit, actor } = request;
  const { cut } = place;
  const { tenant } = deps.issuer;
  const found = await subjectRows(deps.store, tenant, subject, place, { limit, most: AT_ONCE });
  const done = await Promise.all(
    found.rows.map(({ key }) =>
      found.kind === "session" ? eraseSession(deps, { subject, cut }, key) : eraseName(deps, subject, key),
    ),
  );
  const count = done.filter(Boolean).length;
  const [sessions, receipts] = found.kind === "session" ? [count, 0] : [0, count];
  if (found.next !== null)
    return { examined: found.examined, sessions, receipts, names: 0, next: { ...found.next, cut } };
  const names = await erasePersons({ ...deps, tenant }, subject);
  await forget(deps, { subject, cut }, actor);
  return { examined: found.examined, sessions, receipts, names, next: null };
}

type Cut = Pick<ErasurePlace, "cut"> & { readonly subject: SubjectId };

/** A session that was opened before the cut-off. Its end is a fact before its row is gone. */
function eraseSession(deps: SubjectDeps, { subject, cut }: Cut, key: RowKey): Promise<boolean> {
  return change(deps.store, deps.dice, [ringKey(key.tenant), key], (snapshot): Decision<boolean> => {
    const row = snapshot.get(key);
    if (row === undefined) return answer(false);
    const session = sessionFromRow(row);
    if (session.subject !== subject || !isBefore(session.born, cut)) return answer(false);
    const standing = standingOf(session, snapshot);
    const told = session.state.kind === "ended" || standing.kind === "active" ? [] : [standing];
    return write({
      rows: [{ key, expect: row.version, next: "gone" }],
      facts: told.map(({ reason, at }) =>
        sessionFact(key.tenant, key.id as SessionId, snapshot.clock, "session_ended", {
          reason,
          at_ms: at,
          revocation: null,
        }),
      ),
      answer: () => true,
    });
  });
}

/** A receipt goes on to be read, and names nobody. */
function eraseName(deps: SubjectDeps, subject: SubjectId, key: RowKey): Promise<boolean> {
  const nobody = nameOfNobody(deps);
  return change(deps.store, deps.dice, [key], (snapshot): Decision<boolean> => {
    const row = snapshot.get(key);
    if (row === undefined || row.expires === null) return answer(false);
    const { id: _, pos: _pos, committed: _at, ...asked } = revocationFromRow(row);
    const targets = asked.targets.map((target) =>
      target.kind === "subject" && target.subject === subject ? { ...target, subject: nobody } : target,
    );
    return write({
      rows: [{ key, expect: row.version, next: revocationToRow({ ...asked, targets }, row.expires) }],
      answer: () => true,
    });
  });
}

/** The subject's own row goes when nothing needs it any more: no block that holds, no session that began since. */
function forget(deps: SubjectDeps, { subject, cut }: Cut, actor: string | null): Promise<void> {
  const { tenant } = deps.issuer;
  const key = subjectKey(tenant, subject);
  return change<undefined>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const found = subjectFromRow(row);
    // A later cut-off takes what began since, be it a revocation or another erasure that has not come so far.
    const cutSince = row !== undefined && row.notBefore !== null && isBefore(cut, row.notBefore);
    const needed = isBlocked(found, snapshot.clock) || found.sessions.length > 0 || cutSince;
    return write({
      rows: row === undefined || needed ? [] : [{ key, expect: row.version, next: "gone" }],
      facts: [fact(tenant, snapshot.clock, "subject_erased", { kept: needed, actor })],
      answer: () => undefined,
    });
  });
}

function nameOfNobody({ dice }: SubjectDeps): SubjectId {
  return `erased-${encodeBase64url(dice.bytes(8))}` as SubjectId;
}
