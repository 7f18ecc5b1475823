// What is known of a subject, and whether it is blocked. A block ends everything that lives and lets nothing new begin, in one change.

import { uuidv7 } from "@hallpass/protocol";
import { fact } from "../facts.ts";
import type { SessionId, SubjectId, TenantId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { afterMs, type Instant, isPast } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { noticeDraft, takenHash } from "../revocation/notice-draft.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import {
  type Block,
  cutAnew,
  isBlocked,
  subjectFromRow,
  subjectKey,
  subjectToRow,
  unexpired,
} from "../sessions/subject.ts";
import { answer, change, write } from "../store/change.ts";
import type { RowKey, Snapshot, Store } from "../store/store.ts";

export interface SubjectDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly issuer: Issuer;
}

export interface SeenSubject {
  readonly subject: SubjectId;
  /** Null where nothing holds it back, also when a block is over. */
  readonly block: Block | null;
  readonly liveSessions: readonly SessionId[];
}

/** Of a subject that was never seen: no block, no sessions. */
export async function readSubject(store: Store, tenant: TenantId, subject: SubjectId): Promise<SeenSubject> {
  const key = subjectKey(tenant, subject);
  const first = await store.read([key]);
  const snapshot = await store.read([ringKey(tenant), key, ...listedKeys(key, first)]);
  const found = subjectFromRow(snapshot.get(key));
  const block = isBlocked(found, snapshot.clock) ? found.block : null;
  return { subject, block, liveSessions: liveOf(key, snapshot) };
}

export interface BlockSubject {
  readonly subject: SubjectId;
  /** Null for until it is taken back; an instant that is past is refused. */
  readonly until: Instant | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly actor: string | null;
}

/**
 * Ends every session of the subject, and has opening refused until the block is over. Refuses `until_past`. A subject that is blocked
 * already is blocked anew: the later word holds. One that was never seen can be blocked.
 */
export async function blockSubject(deps: SubjectDeps, request: BlockSubject): Promise<Answer<Revocation>> {
  const { tenant } = deps.issuer;
  const { subject, until, reason, ticket, actor } = request;
  const key = subjectKey(tenant, subject);
  const random = deps.dice.bytes(10);
  return change<Answer<Revocation>>(deps.store, deps.dice, [ringKey(tenant), key], (snapshot) => {
    const now = snapshot.clock;
    if (until !== null && isPast(until, now)) return answer(refused("until_past"));
    const unread = listedKeys(key, snapshot).filter((one) => !snapshot.has(one));
    if (unread.length > 0) return { kind: "read", keys: unread };
    const id = uuidv7(now, random);
    const sessions = liveOf(key, snapshot).length;
    const asked = {
      targets: [{ kind: "subject", subject } as const],
      reason,
      ticket,
      actor,
      endedSessions: sessions,
      tokensExpireBy: afterMs(now, (deps.issuer.longestToken + deps.issuer.skew) * 1000),
    };
    const block: Block = { reason, actor, at: now, until, revocation: id };
    return write({
      rows: [
        {
          key,
          expect: snapshot.get(key)?.version ?? "absent",
          next: subjectToRow(cutAnew(snapshot.get(key), { block, cut: "subject_blocked", by: id })),
          raise: true,
        },
        {
          key: revocationKey(tenant, id),
          expect: "absent",
          next: revocationToRow(asked, afterMs(now, RECEIPT_KEPT)),
          raise: true,
        },
      ],
      notices: [subjectNotice(deps, subject)],
      facts: [fact(tenant, now, "subject_blocked", { revocation: id, sessions, until_ms: until, actor })],
      answer: ({ pos, at }) => granted({ id, pos, committed: at, ...asked }),
    });
  });
}

/** Answers the block that was taken back; null where there was none, which is no error: it is as wanted. */
export async function unblockSubject(
  deps: SubjectDeps,
  subject: SubjectId,
  actor: string | null,
): Promise<Block | null> {
  const { tenant } = deps.issuer;
  const key = subjectKey(tenant, subject);
  return change<Block | null>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const found = subjectFromRow(row);
    const { block } = found;
    if (row === undefined || block === null) return answer(null);
    const held = isBlocked(found, snapshot.clock);
    return write({
      rows: [{ key, expect: row.version, next: subjectToRow({ ...found, block: null }) }],
      facts: held ? [fact(tenant, snapshot.clock, "subject_unblocked", { revocation: block.revocation, actor })] : [],
      answer: () => (held ? block : null),
    });
  });
}

export function subjectNotice({ issuer, dice }: SubjectDeps, subject: SubjectId): ReturnType<typeof noticeDraft> {
  const taking = { kind: "subject", subject: takenHash(issuer.salt, "subject", subject) } as const;
  return noticeDraft(issuer.tenant, taking, issuer, dice);
}

/** So that a receipt counts the sessions that a cut-off ends, and not those that were over. */
export function listedKeys(key: RowKey, snapshot: Snapshot): readonly RowKey[] {
  return unexpired(subjectFromRow(snapshot.get(key)), snapshot.clock).map(({ id }) =>
    sessionKey({ tenant: key.tenant, id }),
  );
}

/** Those of the listed that were read with it and live. */
export function liveOf(key: RowKey, snapshot: Snapshot): readonly SessionId[] {
  return listedKeys(key, snapshot).flatMap((each): SessionId[] => {
    const row = snapshot.has(each) ? snapshot.get(each) : undefined;
    const session = row === undefined ? undefined : sessionFromRow(row);
    return session !== undefined && standingOf(session, snapshot).kind === "active" ? [session.id] : [];
  });
}
