// Revocation: state change and notice are one commit, the commit gives the position, and only then is the answer success.
// docs/cycles/revocation.md says what survives a crash at each line.

import { type Position, type Taking, uuidv7 } from "@hallpass/protocol";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { fact, sessionFact } from "../facts.ts";
import type { ClientId, SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, type RefusalCode, refused } from "../kernel/refusal.ts";
import { after, afterMs, type Instant, latest } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { notBegun } from "../revocation/large-run.ts";
import { noticeDraft, takenHash } from "../revocation/notice-draft.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { revokedTokenKey, revokedTokenRow } from "../revocation/revoked-token.ts";
import type { Target } from "../revocation/target.ts";
import { decide, lapse } from "../sessions/decide.ts";
import { LONGEST_ABSOLUTE } from "../sessions/profiles.ts";
import { type EndReason, familyOf, type Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { cutAnew, subjectFromRow, subjectKey, subjectToRow, unexpired } from "../sessions/subject.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { FactDraft, NoticeDraft, Row, RowChange, RowKey, Snapshot, Store } from "../store/store.ts";
import { namesSessionToken } from "../tokens/session-token.ts";

export interface RevokeDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly issuer: Issuer;
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
  readonly row: RowChange;
  readonly notice: NoticeDraft;
  readonly facts: readonly FactDraft[];
  readonly ended: readonly SessionId[];
}

/** What the change already does: several targets may name one row. A handful at most, which is looked through. */
interface Drafted {
  readonly rows: RowChange[];
  /** The last of one id counts. */
  readonly sessions: Session[];
}

/**
 * Refuses `session_not_found`, `target_not_found` (a family or a client that does not exist). What is over already is revoked again: its tokens may live on.
 * A subject that was never seen and a jti that was never issued can be revoked; both are harmless. Throws a Fault, never success, when nothing is committed.
 */
export async function revoke(deps: RevokeDeps, request: Revoke): Promise<Answer<Revocation>> {
  const random = deps.dice.bytes(10);
  const keys = revokingRows(deps, request.targets);
  return change(deps.store, deps.dice, keys, (snapshot) => revoking(deps, request, snapshot, random));
}

/** What is asked for first, and mostly all: whoever reads for the caller anyhow may read it along. */
export function revokingRows(deps: Pick<RevokeDeps, "issuer">, targets: readonly Target[]): readonly RowKey[] {
  return [ringKey(deps.issuer.tenant), ...targets.map((target) => targetKey(deps, target))];
}

/** The same as a decision on a snapshot that was read with the targets' rows. `random`: 10 bytes for its id. */
export function revoking(
  deps: RevokeDeps,
  request: Revoke,
  snapshot: Snapshot,
  random: Uint8Array,
): Decision<Answer<Revocation>> {
  if (request.targets.some(({ kind }) => kind === "subject")) {
    const unread = listedSessions(deps, request, snapshot).filter((key) => !snapshot.has(key));
    if (unread.length > 0) return { kind: "read", keys: unread };
  }
  const id = uuidv7(snapshot.clock, random);
  const drafted: Drafted = { rows: [], sessions: [] };
  const one: Case = { deps, request, id, snapshot, drafted };
  const notices: NoticeDraft[] = [];
  const facts: FactDraft[] = [];
  let ended: readonly SessionId[] = [];
  for (const target of request.targets) {
    const share = shareOf(one, target);
    if (typeof share === "string") return answer(refused(share));
    notices.push(share.notice);
    facts.push(...share.facts);
    ended = ended.length === 0 ? share.ended : [...new Set([...ended, ...share.ended])];
  }
  const { targets, reason, ticket, actor } = request;
  const run = countingOf(deps, request, snapshot);
  const tokensExpireBy = lastExpiry(deps, targets, snapshot.clock);
  const counted = run === undefined ? { ended } : { ended, run };
  const asked = { targets, reason, ticket, actor, endedSessions: ended.length, ...counted, tokensExpireBy };
  const next = revocationToRow(asked, afterMs(snapshot.clock, RECEIPT_KEPT));
  drafted.rows.push({ key: revocationKey(deps.issuer.tenant, id), expect: "absent", next, raise: true });
  return write({
    rows: drafted.rows,
    notices,
    facts,
    answer: ({ pos, at }) => granted({ ...asked, id, pos, committed: at }),
  });
}

function targetKey({ issuer }: Pick<RevokeDeps, "issuer">, target: Target): RowKey {
  const { tenant } = issuer;
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

/** Nobody knows which sessions a client's cut-off takes; a run looks through all of them. */
function countingOf({ issuer }: RevokeDeps, { targets }: Revoke, snapshot: Snapshot): Revocation["run"] {
  const ids = targets.flatMap((target) => (target.kind === "client" ? [target.client] : []));
  if (ids.length === 0) return undefined;
  const cutOf = (id: ClientId): Position | null => snapshot.get(clientKey(issuer.tenant, id))?.notBefore ?? null;
  return { ...notBegun(snapshot.clock), clients: ids.map((id) => ({ id, cut: cutOf(id) })) };
}

/** So that the receipt counts the sessions that a cut-off ends, and not those that were over. */
function listedSessions(deps: RevokeDeps, request: Revoke, snapshot: Snapshot): readonly RowKey[] {
  const { tenant } = deps.issuer;
  return request.targets.flatMap((target) =>
    target.kind === "subject"
      ? unexpired(subjectFromRow(snapshot.get(targetKey(deps, target))), snapshot.clock).map(({ id }) =>
          sessionKey({ tenant, id }),
        )
      : [],
  );
}

interface Case {
  readonly deps: RevokeDeps;
  readonly request: Revoke;
  /** Of the revocation. */
  readonly id: string;
  readonly snapshot: Snapshot;
  readonly drafted: Drafted;
}

type Of<K extends Target["kind"]> = Extract<Target, { kind: K }>;

function shareOf(one: Case, target: Target): Share | RefusalCode {
  const share = shareAlone(one, target);
  if (typeof share === "string") return share;
  const { rows } = one.drafted;
  const { kind, id } = share.row.key;
  const at = rows.findIndex(({ key }) => key.id === id && key.kind === kind);
  if (at === -1) rows.push(share.row);
  else if (share.row.next !== "same") rows[at] = share.row;
  return share;
}

function shareAlone(one: Case, target: Target): Share | RefusalCode {
  switch (target.kind) {
    case "session":
    case "family":
      return ofSession(one, target);
    case "token":
      return ofToken(one, target);
    case "subject":
      return ofSubject(one, target);
    case "client":
      return ofClient(one, target);
  }
}

function ofSession(one: Case, target: Of<"session" | "family">): Share | RefusalCode {
  const { deps, request, id, snapshot, drafted } = one;
  const key = targetKey(deps, target);
  const row = snapshot.get(key);
  if (row === undefined) return "session_not_found";
  const session = drafted.sessions.findLast((known) => known.id === target.session) ?? sessionFromRow(row);
  if (target.kind === "family" && familyOf(session, target.family) === undefined) return "target_not_found";
  const reason = request.endReason;
  const event =
    target.kind === "session"
      ? ({ kind: "end", reason } as const)
      : ({ kind: "end_family", family: target.family, reason } as const);
  // A family ends whether or not its session is over by its time: a clock that was ahead may be set right.
  const ruling = decide(session, event, target.kind === "family" ? session.opened : snapshot.clock);
  const notice = draft(
    deps,
    target.kind === "session"
      ? { kind: "session", sid: session.id }
      : { kind: "family", sid: session.id, fam: target.family },
  );
  if (ruling.kind === "over" && session.state.kind === "active") return ofOver(one, row, session, notice);
  if (ruling.kind !== "changed")
    return { row: { key, expect: row.version, next: "same" }, notice, facts: [], ended: [] };
  drafted.sessions.push(ruling.next);
  const { tenant } = session;
  const ended =
    target.kind === "session"
      ? sessionFact(tenant, session.id, snapshot.clock, "session_ended", {
          reason,
          at_ms: snapshot.clock,
          revocation: id,
        })
      : sessionFact(tenant, session.id, snapshot.clock, "family_ended", {
          family: target.family,
          reason,
          revocation: id,
        });
  return {
    row: { key, expect: row.version, next: sessionToRow(ruling.next, KEPT_AFTER_END) },
    notice,
    facts: [ended],
    ended: target.kind === "session" ? [session.id] : [],
  };
}

/**
 * Over by its time, and nobody has written it down. A clock that has jumped ahead may say so and be set right: what was revoked
 * then must not live again, so its end is written now.
 */
function ofOver({ snapshot, drafted }: Case, row: Row, session: Session, notice: NoticeDraft): Share {
  const ruling = lapse(session, null, snapshot.clock);
  if (ruling.kind !== "changed" || ruling.next.state.kind !== "ended") throw new Error("what is over has no end");
  const { reason, at } = ruling.next.state;
  const { tenant, id } = session;
  drafted.sessions.push(ruling.next);
  return {
    row: { key: row.key, expect: row.version, next: sessionToRow(ruling.next, KEPT_AFTER_END) },
    notice,
    facts: [sessionFact(tenant, id, snapshot.clock, "session_ended", { reason, at_ms: at, revocation: null })],
    ended: [],
  };
}

function ofToken({ deps, request, id, snapshot }: Case, target: Of<"token">): Share {
  const { tenant } = deps.issuer;
  const key = revokedTokenKey(tenant, target.jti);
  const row = snapshot.get(key);
  const kept = request.targets.flatMap((each) =>
    each.kind === "token" && each.jti === target.jti ? [keptUntil(deps, each, snapshot.clock)] : [],
  );
  const expires = latest(row?.expires ?? snapshot.clock, ...kept);
  return {
    row:
      row?.expires === expires
        ? { key, expect: row.version, next: "same" }
        : { ...revokedTokenRow(tenant, target.jti, expires), expect: row?.version ?? "absent" },
    notice: noticeDraft(tenant, { kind: "token", jti: target.jti }, deps.issuer, deps.dice, target.expires),
    facts: [fact(tenant, snapshot.clock, "token_revoked", { jti: target.jti, revocation: id })],
    ended: [],
  };
}

/** As long as the token could be accepted by anyone. */
function keptUntil(deps: RevokeDeps, { jti, expires }: Of<"token">, now: Instant): Instant {
  // A session token says less about its end than its session does.
  if (namesSessionToken(jti)) return after(now, LONGEST_ABSOLUTE);
  const end = expires ?? afterMs(now, deps.issuer.longestToken * 1000);
  return afterMs(latest(now, end), deps.issuer.skew * 2000);
}

/** The row's cut-off does it: every session that was born before it is over, without being touched. */
function ofSubject({ deps, id, snapshot }: Case, target: Of<"subject">): Share {
  const { tenant, salt } = deps.issuer;
  const key = subjectKey(tenant, target.subject);
  const row = snapshot.get(key);
  const ended = unexpired(subjectFromRow(row), snapshot.clock).flatMap((listed) => {
    const found = snapshot.get(sessionKey({ tenant, id: listed.id }));
    return found !== undefined && standingOf(sessionFromRow(found), snapshot).kind === "active" ? [listed.id] : [];
  });
  return {
    row: {
      key,
      expect: row?.version ?? "absent",
      next: subjectToRow(cutAnew(row, { block: subjectFromRow(row).block, cut: null, by: id })),
      raise: true,
    },
    notice: draft(deps, { kind: "subject", subject: takenHash(salt, "subject", target.subject) }),
    facts: [fact(tenant, snapshot.clock, "subject_cut_off", { revocation: id, sessions: ended.length })],
    ended,
  };
}

function ofClient({ deps, id, snapshot }: Case, target: Of<"client">): Share | RefusalCode {
  const { tenant, salt } = deps.issuer;
  const row = snapshot.get(clientKey(tenant, target.client));
  if (row === undefined) return "client_not_found";
  return {
    row: { key: row.key, expect: row.version, next: clientToRow(clientFromRow(row)), raise: true },
    notice: draft(deps, { kind: "client", client: takenHash(salt, "client", target.client) }),
    facts: [fact(tenant, snapshot.clock, "client_cut_off", { client: target.client, revocation: id })],
    ended: [],
  };
}

function draft(deps: RevokeDeps, taking: Taking): NoticeDraft {
  return noticeDraft(deps.issuer.tenant, taking, deps.issuer, deps.dice);
}

/** What holds for everyone who only knows the JWKS. */
function lastExpiry(deps: RevokeDeps, targets: readonly Target[], now: Instant): Instant {
  const whatever = afterMs(now, (deps.issuer.longestToken + deps.issuer.skew) * 1000);
  let last = now;
  for (const target of targets) {
    const known = target.kind === "token" ? target.expires : null;
    last = latest(last, known === null ? whatever : afterMs(known, deps.issuer.skew * 1000));
  }
  return last;
}
