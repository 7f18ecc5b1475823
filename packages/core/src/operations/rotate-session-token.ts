// Gives a live session another session token, or its first one. The one before is refused from the commit on, and verifiers that
// remember it learn so by a notice. Whoever lost the answer asks again and gets yet another: nobody is locked out by a lost answer.

import { sessionFact } from "../facts.ts";
import type { SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Secret } from "../kernel/secret.ts";
import { afterMs } from "../kernel/time.ts";
import { type KeyRing, ringKey } from "../keys/ring.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import type { Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { familyStanding, KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";
import { mintSessionToken, nameOfSessionToken, nextSessionToken } from "../tokens/session-token.ts";

export interface RotateSessionTokenDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly issuer: Issuer;
  readonly keys: KeyRing;
}

export interface RotateSessionToken {
  readonly session: SessionId;
  /** The id of the revocation of the token before: a UUIDv7. */
  readonly revocationId: string;
  readonly actor: string | null;
}

export interface RotatedSessionToken {
  readonly session: Session;
  readonly version: number;
  readonly sessionToken: Secret;
  /** What took the token before away; null when there was none. */
  readonly outdated: Revocation | null;
}

/** Refuses `session_not_found` and `session_over`, also when the family that the token speaks for is over. */
export async function rotateSessionToken(
  deps: RotateSessionTokenDeps,
  request: RotateSessionToken,
): Promise<Answer<RotatedSessionToken>> {
  const { tenant, longestToken, skew } = deps.issuer;
  const key = sessionKey({ tenant, id: request.session });
  return change<Answer<RotatedSessionToken>>(deps.store, deps.dice, [ringKey(tenant), key], (snapshot) => {
    const row = snapshot.get(key);
    if (row === undefined) return answer(refused("session_not_found"));
    const session = sessionFromRow(row);
    if (standingOf(session, snapshot).kind === "ended") return answer(refused("session_over"));
    const before = session.token;
    const family = session.families.find(({ id, ended }) => (before === null ? ended === null : id === before.family));
    if (family === undefined || family.ended !== null || familyStanding(session, family, snapshot) !== undefined)
      return answer(refused("session_over"));
    const { mac } = deps.keys.open(snapshot);
    const token = nextSessionToken(mac, session, family.id, before);
    const next: Session = { ...session, token };
    const { actor } = request;
    const given = { session: next, version: row.version + 1, sessionToken: mintSessionToken(mac, next, token) };
    const rewritten = { key, expect: row.version, next: sessionToRow(next, KEPT_AFTER_END, row.expires) };
    const facts = [sessionFact(tenant, session.id, snapshot.clock, "session_token_issued", { actor })];
    if (before === null)
      return write({ rows: [rewritten], facts, answer: () => granted({ ...given, outdated: null }) });
    const jti = nameOfSessionToken(mac, session, before);
    const asked = {
      targets: [{ kind: "token", jti, expires: null } as const],
      reason: "session_token_rotated",
      ticket: null,
      actor,
      endedSessions: 0,
      tokensExpireBy: afterMs(snapshot.clock, (longestToken + skew) * 1000),
    };
    return write({
      rows: [
        rewritten,
        {
          key: revocationKey(tenant, request.revocationId),
          expect: "absent",
          next: revocationToRow(asked, afterMs(snapshot.clock, RECEIPT_KEPT)),
          raise: true,
        },
      ],
      notices: [noticeDraft(tenant, { kind: "token", jti }, deps.issuer, deps.dice)],
      facts,
      answer: ({ pos, at }) =>
        granted({ ...given, outdated: { id: request.revocationId, pos, committed: at, ...asked } }),
    });
  });
}
