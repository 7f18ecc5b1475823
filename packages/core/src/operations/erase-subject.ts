// Erases what is stored about a subject. First everything of it is cut off, with a notice and a receipt; then its sessions' rows are
// removed, receipts and kept answers that name it are made to name nobody, and the names beside the audit's chain go. In bounded steps that
// can be repeated.
// What the subject begins after the first step is its own, and stays. A block that holds stays, too: it has to know whom to refuse.

import { formatPosition, isBefore, type Position, parsePosition, uuidv7 } from "@hallpass/protocol";
import { type FactBodies, fact, sessionFact } from "../facts.ts";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { forgotten, hasWords, nameOfNobody, withoutSubject } from "../revocation/forgotten.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationFromRow, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { sessionFromRow } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import { cutAnew, isBlocked, subjectFromRow, subjectKey, subjectToRow } from "../sessions/subject.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { RowKey } from "../store/store.ts";
import { answerWithoutSubject } from "./answer-once.ts";
import { erasePersons } from "./erase-persons.ts";
import {
  ERASED_KINDS,
  FIRST_PLACE,
  placeFromText,
  placeToText,
  type SubjectKind,
  type SubjectPlace,
  subjectRows,
} from "./subject-pages.ts";
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
  const nobody = nameOfNobody(deps.dice);
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
          next: subjectToRow(cutAnew(row, { block, cut: "subject_erased", by: id })),
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
  /** Of those, sessions that this release can't read: what they hold of the subject, if they are its own, is still there. */
  readonly unreadable: number;
  readonly sessions: number;
  readonly receipts: number;
  /** Answers that were kept for retries. */
  readonly answers: number;
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
const FACTS = 200;

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
  const kinds = ERASED_KINDS;
  const found = await subjectRows(deps.store, tenant, subject, place, { kinds, limit, most: AT_ONCE });
  const done = await Promise.all(found.rows.map(({ key }) => eraseRow(deps, { subject, cut }, key)));
  const count = (kind: SubjectKind): number => (found.kind === kind ? done.filter(Boolean).length : 0);
  const counts = { sessions: count("session"), receipts: count("revocation"), answers: count("idempotency") };
  const { examined, unreadable, next } = found;
  if (next !== null) return { examined, unreadable, ...counts, names: 0, next: { ...next, cut } };
  const names = await erasePersons({ ...deps, tenant }, subject);
  await forget(deps, { subject, cut }, actor);
  return { examined, unreadable, ...counts, names, next: null };
}

function eraseRow(deps: SubjectDeps, cut: Cut, key: RowKey): Promise<boolean> {
  if (key.kind === "session") return eraseSession(deps, cut, key);
  return key.kind === "revocation" ? eraseName(deps, cut.subject, key) : eraseAnswer(deps, cut.subject, key);
}

type Cut = Pick<ErasurePlace, "cut"> & { readonly subject: SubjectId };

/**
 * A session that was opened before the cut-off. Its end is a fact before its row is gone; before that, the words go of whichever query ended it:
 * they may tell of its device, and the list of whom they hit names the session.
 */
async function eraseSession(deps: SubjectDeps, { subject, cut }: Cut, key: RowKey): Promise<boolean> {
  for (const revocation of await revocationsOf(deps, key)) await forgetWords(deps, revocation);
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

async function revocationsOf({ store }: SubjectDeps, { tenant, id }: RowKey): Promise<readonly string[]> {
  const found: string[] = [];
  let after: string | undefined;
  for (;;) {
    const place = after === undefined ? {} : { after };
    const page = await store.facts({ tenant, session: id as SessionId, limit: FACTS, ...place });
    for (const { kind, body } of page.facts) {
      if (kind !== "session_ended") continue;
      const { revocation } = JSON.parse(body) as FactBodies["session_ended"];
      if (revocation !== null) found.push(revocation);
    }
    after = page.facts.at(-1)?.cursor;
    if (!page.more || after === undefined) return found;
  }
}

function forgetWords(deps: SubjectDeps, id: string): Promise<boolean> {
  return rewriteRevocation(deps, revocationKey(deps.issuer.tenant, id), (revocation) =>
    hasWords(revocation) ? forgotten(revocation, deps.dice) : revocation,
  );
}

/** A receipt goes on to be read, and names nobody. */
function eraseName(deps: SubjectDeps, subject: SubjectId, key: RowKey): Promise<boolean> {
  return rewriteRevocation(deps, key, (revocation) => withoutSubject(revocation, subject, deps.dice));
}

function rewriteRevocation(
  deps: SubjectDeps,
  key: RowKey,
  rewrite: (revocation: Revocation) => Revocation,
): Promise<boolean> {
  return change(deps.store, deps.dice, [key], (snapshot): Decision<boolean> => {
    const row = snapshot.get(key);
    if (row === undefined || row.expires === null) return answer(false);
    const before = revocationFromRow(row);
    const next = rewrite(before);
    return next === before
      ? answer(false)
      : write({
          rows: [{ key, expect: row.version, next: revocationToRow(next, row.expires) }],
          answer: () => true,
        });
  });
}

/** A retry still gets an answer, which names nobody. */
function eraseAnswer(deps: SubjectDeps, subject: SubjectId, key: RowKey): Promise<boolean> {
  const nobody = nameOfNobody(deps.dice);
  return change(deps.store, deps.dice, [key], (snapshot): Decision<boolean> => {
    const row = snapshot.get(key);
    const next = row === undefined ? undefined : answerWithoutSubject(row, subject, nobody);
    return row === undefined || next === undefined
      ? answer(false)
      : write({ rows: [{ key, expect: row.version, next }], answer: () => true });
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
