// A guest signs in: the guest's session ends in the change that opens the new one, or neither happens. The new session has an id, a seed
// and families of its own, so whoever knew the guest's tokens knows nothing of it: no session can be fixed upon a victim.

import type { JsonObject } from "@hallpass/protocol";
import { sessionFact } from "../facts.ts";
import type { ClientId, SessionId, TenantId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import type { RefusalCode } from "../kernel/refusal.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import { decide } from "../sessions/decide.ts";
import type { Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { subjectKey } from "../sessions/subject.ts";
import type { FactDraft, NoticeDraft, Row, RowChange, Snapshot } from "../store/store.ts";

export interface Replaces {
  readonly session: SessionId;
  /** The new session starts with the claims of the old one; those it names itself win. */
  readonly carryClaims: boolean;
}

export interface Guest {
  readonly row: Row;
  readonly session: Session;
}

/** Null where nothing is replaced. Refuses a session that does not exist or is none of this client's, and one that is over. */
export function guestOf(
  tenant: TenantId,
  request: { readonly replaces: Replaces | null; readonly client: ClientId; readonly parent: SessionId | null },
  snapshot: Snapshot,
): Guest | null | { readonly code: RefusalCode } {
  if (request.replaces === null) return null;
  const row = snapshot.get(sessionKey({ tenant, id: request.replaces.session }));
  const session = row === undefined ? undefined : sessionFromRow(row);
  if (row === undefined || session === undefined) return { code: "replaced_not_found" };
  if (!session.families.some(({ client }) => client === request.client)) return { code: "replaced_not_found" };
  if (standingOf(session, snapshot).kind === "ended") return { code: "replaced_over" };
  return { row, session };
}

export function claimsWith(
  guest: Guest | null,
  request: { readonly replaces: Replaces | null; readonly claims: JsonObject },
): JsonObject {
  const carried = guest !== null && request.replaces?.carryClaims === true ? guest.session.claims : {};
  return { ...carried, ...request.claims };
}

/** What ends the guest. Its subject's row is compared, so that a cut-off in between is not overtaken. */
export function replacing(
  deps: { readonly issuer: Issuer; readonly dice: Dice },
  guest: Guest | null,
  opened: Pick<Session, "id" | "subject">,
  snapshot: Snapshot,
): {
  readonly rows: readonly RowChange[];
  readonly notices: readonly NoticeDraft[];
  readonly facts: readonly FactDraft[];
} {
  if (guest === null) return { rows: [], notices: [], facts: [] };
  const { row, session } = guest;
  const { tenant, id } = session;
  const ruling = decide(session, { kind: "end", reason: "replaced" }, snapshot.clock);
  if (ruling.kind !== "changed") throw new Error("a live session could not be ended");
  const above = subjectKey(tenant, session.subject);
  const guard: RowChange = { key: above, expect: snapshot.get(above)?.version ?? "absent", next: "same" };
  const body = { reason: "replaced", at_ms: snapshot.clock, revocation: null, opened: opened.id } as const;
  return {
    rows: [
      { key: row.key, expect: row.version, next: sessionToRow(ruling.next, KEPT_AFTER_END) },
      ...(session.subject === opened.subject ? [] : [guard]),
    ],
    notices: [noticeDraft(tenant, { kind: "session", sid: id }, deps.issuer, deps.dice)],
    facts: [sessionFact(tenant, id, snapshot.clock, "session_ended", body)],
  };
}
