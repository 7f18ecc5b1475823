// "Why was I logged out?": the reason in words, when, who, and what came before. Nothing is written, and nothing is guessed: what is not known
// any more is null.

import { clientKey } from "../clients/client-row.ts";
import { FACT_SENTENCES, type FactBodies, type FactKind } from "../facts.ts";
import type { ClientId, FamilyId, SessionId, TenantId } from "../kernel/ids.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Instant } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { END_SENTENCES } from "../sessions/end-sentences.ts";
import type { PolicyRule } from "../sessions/rebase.ts";
import { type Ended, type EndReason, type Session, stateAt } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { familyStanding, standingOf } from "../sessions/standing.ts";
import { cutOffAfter, subjectKey } from "../sessions/subject.ts";
import type { Snapshot, Store, StoredFact } from "../store/store.ts";
import { readRevocation } from "./read-revocation.ts";

export interface Explanation {
  readonly session: SessionId;
  /** Null while the session lives. */
  readonly end: { readonly reason: EndReason; readonly at: Instant; readonly sentence: string } | null;
  /** Who ended it, or the one above that took it along, if somebody did. */
  readonly by: By | null;
  /** What the reason rests on, as far as it is known. */
  readonly because: Because | null;
  /** Those of a living session whose clients get nothing for it any more: whoever used them was logged out, too. */
  readonly families: readonly EndedFamily[];
  /** The last facts before the end, oldest first. */
  readonly before: readonly { readonly kind: string; readonly at: Instant; readonly sentence: string }[];
}

export interface By {
  /** Null where it was no revocation. */
  readonly revocation: string | null;
  /** Null where nobody was named, or the receipt is no longer kept. */
  readonly actor: string | null;
  readonly reason: string | null;
  readonly ticket: string | null;
}

export interface EndedFamily {
  readonly id: FamilyId;
  readonly client: ClientId;
  readonly reason: EndReason;
  readonly sentence: string;
  /** Null where nobody wrote down when. */
  readonly at: Instant | null;
  readonly by: By | null;
}

export type Because =
  | {
      readonly kind: "reuse";
      /** The generation that was shown, and by which client. */
      readonly generation: number;
      readonly client: string;
      readonly shown: Instant;
      /** When another replaced it; null when that fact is not kept. */
      readonly replaced: Instant | null;
    }
  | { readonly kind: "idle"; readonly lastActive: Instant; readonly idleSeconds: number }
  | { readonly kind: "absolute"; readonly opened: Instant; readonly absoluteSeconds: number }
  | { readonly kind: "ancestor"; readonly ancestor: SessionId; readonly end: Ended }
  /** The session whose opening took its place. */
  | { readonly kind: "opening"; readonly opened: SessionId }
  | { readonly kind: "policy"; readonly policy: string; readonly version: number; readonly rule: PolicyRule };

const PAGE = 200;
/** Facts are kept for a month or so: no session has more. */
const MOST_PAGES = 100;
const SHOWN_BEFORE = 5;

/** Refuses `session_not_found`. Throws a Fault of the store. */
export async function explainSession(store: Store, tenant: TenantId, id: SessionId): Promise<Answer<Explanation>> {
  const key = sessionKey({ tenant, id });
  const snapshot = await store.read([key, ringKey(tenant)]);
  const row = snapshot.get(key);
  if (row === undefined) return refused("session_not_found");
  const session = sessionFromRow(row);
  const standing = standingOf(session, snapshot);
  const facts = await factsOf(store, tenant, id);
  const families = await familiesOf(store, session, facts, snapshot);
  if (standing.kind === "active")
    return granted({ session: id, end: null, by: null, because: null, families, before: lastOf(facts) });
  const { reason, at } = standing;
  const because = becauseOf(session, standing, facts, snapshot);
  return granted({
    session: id,
    end: { reason, at, sentence: END_SENTENCES[reason] },
    by: await endedBy(store, session, { reason, because, facts, snapshot }),
    because,
    families: [],
    before: lastOf(facts.filter((fact) => fact.at <= at && fact.kind !== "session_ended")),
  });
}

async function factsOf(store: Store, tenant: TenantId, session: SessionId): Promise<readonly StoredFact[]> {
  const found: StoredFact[] = [];
  let after: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const place = after === undefined ? {} : { after };
    const { facts, more } = await store.facts({ tenant, session, limit: PAGE, ...place });
    found.push(...facts);
    after = facts.at(-1)?.cursor;
    if (!more) break;
  }
  return found;
}

function lastOf(facts: readonly StoredFact[]): Explanation["before"] {
  return facts
    .slice(-SHOWN_BEFORE)
    .map(({ kind, at }) => ({ kind, at, sentence: FACT_SENTENCES[kind as FactKind] ?? kind }));
}

interface Known {
  readonly reason: EndReason;
  readonly because: Because | null;
  readonly facts: readonly StoredFact[];
  readonly snapshot: Snapshot;
}

async function endedBy(store: Store, session: Session, known: Known): Promise<By | null> {
  const { reason, because, facts, snapshot } = known;
  const { tenant } = session;
  if (because?.kind === "ancestor") {
    const { reason: above, kind } = because.end;
    const row = kind === "ended" ? snapshot.get(sessionKey({ tenant, id: because.ancestor })) : undefined;
    if (row === undefined) return null;
    const taken = await factsOf(store, tenant, because.ancestor);
    return endedBy(store, sessionFromRow(row), { reason: above, because: null, facts: taken, snapshot });
  }
  if (reason === "policy_applied") {
    const applied = lastBody(facts, "session_policy_applied");
    return applied === undefined ? null : { revocation: null, actor: applied.actor, reason: null, ticket: null };
  }
  const cutOff = cutOffAfter(snapshot.get(subjectKey(tenant, session.subject)), session.born, snapshot.clock);
  const isOfSubject = reason === (cutOff?.cut ?? "subject_revoked");
  const noted = isOfSubject ? cutOff?.by : lastBody(facts, "session_ended")?.revocation;
  return revokedBy(store, tenant, noted ?? null);
}

async function revokedBy(store: Store, tenant: TenantId, revocation: string | null): Promise<By | null> {
  if (revocation === null) return null;
  const kept = await readRevocation(store, tenant, revocation);
  if (!kept.ok) return { revocation, actor: null, reason: null, ticket: null };
  const { actor, reason, ticket } = kept.value;
  return { revocation, actor, reason, ticket };
}

/** Of a family that its client lost without a note in the session, the row of the client tells. */
async function familiesOf(
  store: Store,
  session: Session,
  facts: readonly StoredFact[],
  snapshot: Snapshot,
): Promise<readonly EndedFamily[]> {
  const found: EndedFamily[] = [];
  for (const family of session.families) {
    const { id, client } = family;
    const over = family.ended ?? familyStanding(session, family, snapshot)?.reason;
    if (over === undefined) continue;
    const fact = facts.findLast(
      (one) => one.kind === "family_ended" && (bodyOf(one) as FactBodies["family_ended"]).family === id,
    );
    const revocation = fact === undefined ? null : (bodyOf(fact) as FactBodies["family_ended"]).revocation;
    const row = snapshot.get(clientKey(session.tenant, client));
    const at = fact?.at ?? (family.ended === null ? (row?.raisedAt ?? null) : null);
    const by = await revokedBy(store, session.tenant, revocation);
    found.push({ id, client, reason: over, sentence: END_SENTENCES[over], at, by });
  }
  return found;
}

function lastBody<K extends FactKind>(facts: readonly StoredFact[], kind: K): FactBodies[K] | undefined {
  const fact = facts.findLast((one) => one.kind === kind);
  return fact === undefined ? undefined : (bodyOf(fact) as FactBodies[K]);
}

function becauseOf(
  session: Session,
  { reason }: Ended,
  facts: readonly StoredFact[],
  snapshot: Snapshot,
): Because | null {
  switch (reason) {
    case "reuse":
      return reuseIn(facts);
    case "idle":
      return { kind: "idle", lastActive: session.lastActive, idleSeconds: session.policy.idle };
    case "absolute":
      return { kind: "absolute", opened: session.opened, absoluteSeconds: session.policy.absolute };
    case "ancestor_ended":
      return ancestorOf(session, snapshot);
    case "evicted":
    case "replaced": {
      const opened = lastBody(facts, "session_ended")?.opened;
      return opened === undefined ? null : { kind: "opening", opened };
    }
    case "policy_applied": {
      const applied = lastBody(facts, "session_policy_applied");
      // A release that knew no rules but times noted none.
      return applied === undefined
        ? null
        : { kind: "policy", policy: applied.policy, version: applied.to, rule: applied.ended_by ?? "lifetime" };
    }
    case "signed_out":
    case "revoked":
    case "subject_revoked":
    case "client_revoked":
    case "tenant_revoked":
    case "subject_blocked":
    case "subject_erased":
      return null;
  }
}

function reuseIn(facts: readonly StoredFact[]): Because | null {
  const shown = facts.findLast(
    (fact) => fact.kind === "refresh_refused" && (bodyOf(fact) as FactBodies["refresh_refused"]).outcome === "reused",
  );
  if (shown === undefined) return null;
  const { family, generation, client } = bodyOf(shown) as FactBodies["refresh_refused"];
  const replaced = facts.find((fact) => {
    if (fact.kind !== "token_refreshed") return false;
    const body = bodyOf(fact) as FactBodies["token_refreshed"];
    return body.family === family && body.generation > generation;
  });
  return { kind: "reuse", generation, client, shown: shown.at, replaced: replaced?.at ?? null };
}

/** The nearest of those above that is over by itself, not because of another. */
function ancestorOf(session: Session, snapshot: Snapshot): Because | null {
  const over = session.ancestors.flatMap((id): Extract<Because, { kind: "ancestor" }>[] => {
    const row = snapshot.get(sessionKey({ tenant: session.tenant, id }));
    const end = row === undefined ? undefined : stateAt(sessionFromRow(row), snapshot.clock);
    return end?.kind === "ended" ? [{ kind: "ancestor", ancestor: id, end }] : [];
  });
  return over.find(({ end }) => end.reason !== "ancestor_ended") ?? over[0] ?? null;
}

function bodyOf({ body }: StoredFact): unknown {
  return JSON.parse(body);
}
