// Revocation of any number of sessions: of the tenant, of everything before a past position or time, of whatever a query means.
// What can be taken away at once is taken away by the first change: it is what answers. settle-revocation.ts does the rest, step by step.

import { encodeBase64url, formatPosition, isBefore, type Taking, uuidv7 } from "@hallpass/protocol";
import { fact } from "../facts.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { notBegun } from "../revocation/large-run.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import { queryRunsFromRow, queryRunsKey, queryRunsRow } from "../revocation/query-runs.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import type { LargeTarget } from "../revocation/target.ts";
import { type TokenCutOff, tokenCutOffKey, withTokenCutOff } from "../revocation/token-cut-off.ts";
import { answer, change, write } from "../store/change.ts";
import type { FactDraft, NoticeDraft, RowChange, Snapshot } from "../store/store.ts";
import type { Revoke, RevokeDeps } from "./revoke.ts";

export type RevokeManyDeps = Pick<RevokeDeps, "store" | "dice" | "issuer">;

export interface RevokeMany extends Pick<Revoke, "reason" | "ticket" | "actor"> {
  readonly target: LargeTarget;
}

/** What the first change does beyond the revocation's own row. */
interface FirstShare {
  readonly rows: readonly RowChange[];
  readonly notice: NoticeDraft;
  readonly facts: readonly FactDraft[];
}

/**
 * Commits the beginning of a run. Refuses `cut_off_in_future` alone. Throws a Fault, never success, when nothing is committed.
 * Sessions that were there now are over when the run is complete; those that are opened later are outside.
 */
export async function revokeMany(deps: RevokeManyDeps, request: RevokeMany): Promise<Answer<Revocation>> {
  const { tenant, longestToken, skew } = deps.issuer;
  const { target, reason, ticket, actor } = request;
  const random = deps.dice.bytes(10);
  return change(deps.store, deps.dice, [ringKey(tenant), tokenCutOffKey(tenant), queryRunsKey(tenant)], (snapshot) => {
    if (isInFuture(target, snapshot)) return answer(refused("cut_off_in_future"));
    const now = snapshot.clock;
    const id = uuidv7(now, random);
    const asked = {
      targets: [target],
      reason,
      ticket,
      actor,
      endedSessions: 0,
      run: notBegun(now),
      tokensExpireBy: afterMs(now, (longestToken + skew) * 1000),
    };
    const { rows, notice, facts } = firstShare(deps, target, id, snapshot);
    return write({
      rows: [
        ...rows,
        {
          key: revocationKey(tenant, id),
          expect: "absent",
          next: revocationToRow(asked, afterMs(now, RECEIPT_KEPT)),
          raise: true,
        },
      ],
      notices: [notice],
      facts: [...facts, fact(tenant, now, "revocation_started", { revocation: id, target: target.kind, actor })],
      answer: ({ pos, at }) => granted({ id, pos, committed: at, ...asked }),
    });
  });
}

/** What lies ahead can't have been authorised yet. */
export function isInFuture(target: LargeTarget, { head, clock }: Pick<Snapshot, "head" | "clock">): boolean {
  if (target.kind !== "before") return false;
  return "pos" in target ? isBefore(head.pos, target.pos) : target.time > clock;
}

function firstShare(deps: RevokeManyDeps, target: LargeTarget, id: string, snapshot: Snapshot): FirstShare {
  switch (target.kind) {
    case "tenant":
      return wholeTenant(deps, id, snapshot);
    case "before":
      return tokensBefore(deps, target, snapshot);
    case "query":
      return { rows: [underWay(deps, id, snapshot)], notice: beginning(deps, snapshot.clock), facts: [] };
  }
}

/** The cut-off of the keys' row ends every session that was born before it, without touching one. */
function wholeTenant(deps: RevokeManyDeps, id: string, snapshot: Snapshot): FirstShare {
  const { tenant } = deps.issuer;
  const ring = snapshot.get(ringKey(tenant));
  if (ring === undefined) throw new Error("the tenant has no keys");
  return {
    rows: [{ key: ring.key, expect: ring.version, next: { value: ring.value, expires: ring.expires }, raise: true }],
    notice: drafted(deps, { kind: "tenant" }),
    facts: [fact(tenant, snapshot.clock, "tenant_cut_off", { revocation: id })],
  };
}

/** Tokens of sessions go with their sessions; those that services got for themselves go by this. */
function tokensBefore(
  deps: RevokeManyDeps,
  target: Extract<LargeTarget, { kind: "before" }>,
  snapshot: Snapshot,
): FirstShare {
  const { tenant, longestToken, skew } = deps.issuer;
  const until = afterMs(snapshot.clock, (longestToken + 2 * skew) * 1000);
  const held = snapshot.get(tokenCutOffKey(tenant));
  const row = (more: TokenCutOff): readonly RowChange[] => [withTokenCutOff(tenant, held, more, until)];
  if ("pos" in target) {
    const notice = drafted(deps, { kind: "tenant", before: formatPosition(target.pos) });
    return { rows: row({ before: target.pos, issuedBefore: 0 }), notice, facts: [] };
  }
  const issuedBefore = Math.ceil(target.time / 1000) + skew;
  // No token of that time can live; a notice would say nothing, and trouble verifiers that do not know its kind (NOT-9).
  if ((issuedBefore + longestToken + skew) * 1000 < snapshot.clock)
    return { rows: [], notice: beginning(deps, snapshot.clock), facts: [] };
  const notice = drafted(deps, { kind: "tenant", issued_before: issuedBefore });
  return { rows: row({ before: null, issuedBefore }), notice, facts: [] };
}

/** From this change on, whoever alters a session looks at the query first. */
function underWay({ issuer: { tenant } }: RevokeManyDeps, id: string, snapshot: Snapshot): RowChange {
  const row = snapshot.get(queryRunsKey(tenant));
  return queryRunsRow(tenant, row, [...queryRunsFromRow(row), id]);
}

/** Names a token that was never issued: its position is what divides the sessions that were there from those that are opened later (NOT-10). */
function beginning(deps: RevokeManyDeps, now: Instant): NoticeDraft {
  const jti = encodeBase64url(deps.dice.bytes(16));
  return noticeDraft(deps.issuer.tenant, { kind: "token", jti }, deps.issuer, deps.dice, now);
}

function drafted(deps: RevokeManyDeps, taking: Taking): NoticeDraft {
  return noticeDraft(deps.issuer.tenant, taking, deps.issuer, deps.dice);
}
