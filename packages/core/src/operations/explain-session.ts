// "Why was I logged out?": the reason in words, when, who, and what came before. Nothing is written, and nothing is guessed: what is not known
// any more is null.

import { FACT_SENTENCES, type FactBodies, type FactKind } from "../facts.ts";
import type { SessionId, TenantId } from "../kernel/ids.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Instant } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { END_SENTENCES } from "../sessions/end-sentences.ts";
import type { Ended, EndReason, Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import type { Snapshot, Store, StoredFact } from "../store/store.ts";
import { readRevocation } from "./read-revocation.ts";

export interface Explanation {
  readonly session: SessionId;
  /** Null while the session lives. */
  readonly end: { readonly reason: EndReason; readonly at: Instant; readonly sentence: string } | null;
  /** Who revoked it, with what they said, if somebody did and the receipt is still kept. */
  readonly by: {
    readonly revocation: string;
    readonly actor: string | null;
    readonly reason: string | null;
    readonly ticket: string | null;
  } | null;
  /** What the reason rests on, as far as it is known. */
  readonly because: Because | null;
  /** The last facts before the end, oldest first. */
  readonly before: readonly { readonly kind: string; readonly at: Instant; readonly sentence: string }[];
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
  | { readonly kind: "ancestor"; readonly ancestor: SessionId; readonly end: Ended };

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
  if (standing.kind === "active")
    return granted({ session: id, end: null, by: null, because: null, before: lastOf(facts) });
  const { reason, at } = standing;
  return granted({
    session: id,
    end: { reason, at, sentence: END_SENTENCES[reason] },
    by: await revokedBy(store, tenant, facts),
    because: becauseOf(session, standing, facts, snapshot),
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

async function revokedBy(store: Store, tenant: TenantId, facts: readonly StoredFact[]): Promise<Explanation["by"]> {
  const ended = facts.findLast(({ kind }) => kind === "session_ended");
  const revocation = ended === undefined ? null : (bodyOf(ended) as FactBodies["session_ended"]).revocation;
  if (revocation === null) return null;
  const kept = await readRevocation(store, tenant, revocation);
  if (!kept.ok) return { revocation, actor: null, reason: null, ticket: null };
  const { actor, reason, ticket } = kept.value;
  return { revocation, actor, reason, ticket };
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
    case "signed_out":
    case "revoked":
    case "evicted":
    case "replaced":
    case "subject_revoked":
    case "client_revoked":
    case "tenant_revoked":
    case "policy_applied":
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

/** The nearest of those above that is over itself. */
function ancestorOf(session: Session, snapshot: Snapshot): Because | null {
  for (const id of session.ancestors) {
    const row = snapshot.get(sessionKey({ tenant: session.tenant, id }));
    if (row === undefined) continue;
    const { state } = sessionFromRow(row);
    if (state.kind === "ended") return { kind: "ancestor", ancestor: id, end: state };
  }
  return null;
}

function bodyOf({ body }: StoredFact): unknown {
  return JSON.parse(body);
}
