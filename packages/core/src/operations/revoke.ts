// Revocation: state change and notice are one commit, the commit gives the position, and only then is the answer success.
// docs/cycles/revocation.md says what survives a crash at each line.

import { type Taking, uuidv7 } from "@hallpass/protocol";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { fact, sessionFact } from "../facts.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, type RefusalCode, refused } from "../kernel/refusal.ts";
import { afterMs, type Instant, latest } from "../kernel/time.ts";
import { noticeDraft, takenHash } from "../revocation/notice-draft.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { revokedTokenKey, revokedTokenRow } from "../revocation/revoked-token.ts";
import type { Target } from "../revocation/target.ts";
import { decide } from "../sessions/decide.ts";
import type { Policy } from "../sessions/policy.ts";
import { type EndReason, familyOf } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END } from "../sessions/standing.ts";
import { subjectFromRow, subjectKey, subjectToRow, unexpired } from "../sessions/subject.ts";
import { answer, change, write } from "../store/change.ts";
import type { FactDraft, NoticeDraft, RowChange, RowKey, Snapshot, Store } from "../store/store.ts";

export interface RevokeDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly issuer: Issuer;
  readonly policies: ReadonlyMap<string, Policy>;
}

export interface Revoke {
  /** 1 to 8, no two the same. */
  readonly targets: readonly Target[];
  /** Why a session or a family ended: `signed_out` when its owner asked, otherwise `revoked`. */
  readonly endReason: Extract<EndReason, "signed_out" | "revoked">;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly actor: string | null;
}

/** What one target adds to the change. */
interface Share {
  readonly rows: readonly RowChange[];
  readonly notice: NoticeDraft;
  readonly facts: readonly FactDraft[];
  readonly endedSessions: number;
}

/**
 * Refuses `session_not_found`, `target_not_found` (a family or a client that does not exist). What is over already is revoked again: its tokens may live on.
 * A subject that was never seen and a jti that was never issued can be revoked; both are harmless. Throws a Fault, never success, when nothing is committed.
 */
export async function revoke(deps: RevokeDeps, request: Revoke): Promise<Answer<Revocation>> {
  const { tenant } = deps.issuer;
  const random = deps.dice.bytes(10);
  return change(
    deps.store,
    deps.dice,
    request.targets.map((target) => targetKey(deps, target)),
    (snapshot) => {
      const id = uuidv7(snapshot.clock, random);
      const shares = request.targets.map((target) => shareOf(deps, request, target, id, snapshot));
      const refusal = shares.find((share) => typeof share === "string");
      if (refusal !== undefined) return answer(refused(refusal));
      const whole = shares.filter((share) => typeof share !== "string");
      const asked = {
        targets: request.targets,
        reason: request.reason,
        ticket: request.ticket,
        actor: request.actor,
        endedSessions: whole.reduce((sum, share) => sum + share.endedSessions, 0),
        tokensExpireBy: lastExpiry(deps, request.targets, snapshot.clock),
      };
      return write({
        rows: [
          ...whole.flatMap((share) => share.rows),
          {
            key: revocationKey(tenant, id),
            expect: "absent",
            next: revocationToRow(asked, afterMs(snapshot.clock, RECEIPT_KEPT)),
            raise: true,
          },
        ],
        notices: whole.map((share) => share.notice),
        facts: whole.flatMap((share) => share.facts),
        answer: ({ pos, at }) => granted({ id, pos, committed: at, ...asked }),
      });
    },
  );
}

function targetKey(deps: RevokeDeps, target: Target): RowKey {
  const { tenant } = deps.issuer;
  switch (target.kind) {
    case "session":
    case "family":
      return sessionKey({ tenant, id: target.session });
    case "token":
      return revokedTokenKey(tenant, target.jti);
    case "subject":
      return subjectKey(tenant, target.subject);
    case "client":
      return clientKey(tenant, target.client);
  }
}

function shareOf(
  deps: RevokeDeps,
  request: Revoke,
  target: Target,
  id: string,
  snapshot: Snapshot,
): Share | RefusalCode {
  switch (target.kind) {
    case "session":
    case "family":
      return ofSession(deps, request, target, id, snapshot);
    case "token":
      return ofToken(deps, target, id, snapshot);
    case "subject":
      return ofSubject(deps, target, id, snapshot);
    case "client":
      return ofClient(deps, target, id, snapshot);
  }
}

function ofSession(
  deps: RevokeDeps,
  request: Revoke,
  target: Extract<Target, { kind: "session" | "family" }>,
  id: string,
  snapshot: Snapshot,
): Share | RefusalCode {
  const key = targetKey(deps, target);
  const row = snapshot.get(key);
  if (row === undefined) return "session_not_found";
  const session = sessionFromRow(row);
  const policy = deps.policies.get(session.policy.name);
  if (policy === undefined) throw new Error("a session names a policy that is gone");
  if (target.kind === "family" && familyOf(session, target.family) === undefined) return "target_not_found";
  const event =
    target.kind === "session"
      ? ({ kind: "end", reason: request.endReason } as const)
      : ({ kind: "end_family", family: target.family, reason: request.endReason } as const);
  const ruling = decide(session, event, snapshot.clock, policy);
  const taking: Taking =
    target.kind === "session"
      ? { kind: "session", sid: session.id }
      : { kind: "family", sid: session.id, fam: target.family };
  const notice = draft(deps, taking);
  if (ruling.kind !== "changed")
    return { rows: [{ key, expect: row.version, next: "same" }], notice, facts: [], endedSessions: 0 };
  const ended =
    target.kind === "session"
      ? sessionFact(session.tenant, session.id, snapshot.clock, "session_ended", {
          reason: request.endReason,
          at_ms: snapshot.clock,
          revocation: id,
        })
      : sessionFact(session.tenant, session.id, snapshot.clock, "family_ended", {
          family: target.family,
          reason: request.endReason,
          revocation: id,
        });
  return {
    rows: [{ key, expect: row.version, next: sessionToRow(ruling.next, KEPT_AFTER_END) }],
    notice,
    facts: [ended],
    endedSessions: target.kind === "session" ? 1 : 0,
  };
}

function ofToken(deps: RevokeDeps, target: Extract<Target, { kind: "token" }>, id: string, snapshot: Snapshot): Share {
  const { tenant } = deps.issuer;
  const row = snapshot.get(revokedTokenKey(tenant, target.jti));
  const notice = noticeDraft(tenant, { kind: "token", jti: target.jti }, deps.issuer, deps.dice, target.expires);
  const kept = afterMs(
    latest(snapshot.clock, target.expires ?? afterMs(snapshot.clock, deps.issuer.longestToken * 1000)),
    deps.issuer.skew * 2000,
  );
  const rows = [
    row === undefined
      ? revokedTokenRow(tenant, target.jti, kept)
      : ({ key: row.key, expect: row.version, next: "same" } as const),
  ];
  return {
    rows,
    notice,
    facts: [fact(tenant, snapshot.clock, "token_revoked", { jti: target.jti, revocation: id })],
    endedSessions: 0,
  };
}

/** The row's cut-off does it: every session that was born before it is over, without being touched. */
function ofSubject(
  deps: RevokeDeps,
  target: Extract<Target, { kind: "subject" }>,
  id: string,
  snapshot: Snapshot,
): Share {
  const { tenant, salt } = deps.issuer;
  const key = subjectKey(tenant, target.subject);
  const row = snapshot.get(key);
  const sessions = unexpired(subjectFromRow(row), snapshot.clock).length;
  return {
    rows: [{ key, expect: row?.version ?? "absent", next: subjectToRow({ sessions: [] }), raise: true }],
    notice: draft(deps, { kind: "subject", subject: takenHash(salt, "subject", target.subject) }),
    facts: [fact(tenant, snapshot.clock, "subject_cut_off", { revocation: id, sessions })],
    endedSessions: sessions,
  };
}

function ofClient(
  deps: RevokeDeps,
  target: Extract<Target, { kind: "client" }>,
  id: string,
  snapshot: Snapshot,
): Share | RefusalCode {
  const { tenant, salt } = deps.issuer;
  const row = snapshot.get(clientKey(tenant, target.client));
  if (row === undefined) return "client_not_found";
  return {
    rows: [{ key: row.key, expect: row.version, next: clientToRow(clientFromRow(row)), raise: true }],
    notice: draft(deps, { kind: "client", client: takenHash(salt, "client", target.client) }),
    facts: [fact(tenant, snapshot.clock, "client_cut_off", { client: target.client, revocation: id })],
    endedSessions: 0,
  };
}

function draft(deps: RevokeDeps, taking: Taking): NoticeDraft {
  return noticeDraft(deps.issuer.tenant, taking, deps.issuer, deps.dice);
}

/** What holds for everyone who only knows the JWKS. */
function lastExpiry(deps: RevokeDeps, targets: readonly Target[], now: Instant): Instant {
  const whatever = afterMs(now, (deps.issuer.longestToken + deps.issuer.skew) * 1000);
  const expiries = targets.map((target) =>
    target.kind === "token" && target.expires !== null
      ? latest(now, afterMs(target.expires, deps.issuer.skew * 1000))
      : whatever,
  );
  return latest(now, ...expiries);
}
