// A look before a revocation: what it would end if it were made now. Writes nothing.

import { isBefore } from "@hallpass/protocol";
import { clientKey } from "../clients/client-row.ts";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import { type Answer, granted, type RefusalCode, refused } from "../kernel/refusal.ts";
import type { Instant } from "../kernel/time.ts";
import { largeScope } from "../revocation/large-scope.ts";
import { type AnyTarget, isLarge } from "../revocation/target.ts";
import { type Family, familyOf, type Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import type { Head, Snapshot } from "../store/store.ts";
import type { SeenSession } from "./read-session.ts";
import { isInFuture } from "./revoke-many.ts";
import { type Scan, type ScanDeps, scanSessions } from "./scan-sessions.ts";
import { newestFirst, ofSubject } from "./search-sessions.ts";

export interface PreviewDeps extends ScanDeps {
  readonly issuer: Issuer;
}

export interface PreviewRevocation {
  readonly targets: readonly AnyTarget[];
  readonly after: SessionId | null;
  readonly limit: number;
}

export interface Preview {
  readonly head: Head;
  readonly asOf: Instant;
  /** Of live sessions that would end or lose a token family. Null beyond the first page: they were said there. */
  readonly counts: { readonly sessions: number; readonly subjects: number; readonly clients: number } | null;
  /** Rows that were looked at and can't be read. Null beyond the first page, as the counts. */
  readonly unreadable: number | null;
  readonly affected: readonly SeenSession[];
  readonly next: SessionId | null;
}

/** Refuses what the revocation itself would refuse. Looks at every session for a client, a tenant, a time or a query: seconds for a million. */
export async function previewRevocation(deps: PreviewDeps, request: PreviewRevocation): Promise<Answer<Preview>> {
  const { tenant } = deps.issuer;
  const { targets, after, limit } = request;
  const keys = targets.flatMap((target) => {
    if (target.kind === "client") return [clientKey(tenant, target.client)];
    return target.kind === "session" || target.kind === "family" ? [sessionKey({ tenant, id: target.session })] : [];
  });
  const snapshot = await deps.store.read(keys);
  const refusal = refusalOf(deps.issuer, targets, snapshot);
  if (refusal !== undefined) return refused(refusal);
  const { head, clock } = snapshot;
  const about = { head, asOf: clock };
  const subjects = subjectsOf(deps.issuer, targets, snapshot);
  const touches = touching(deps.issuer, targets, snapshot);
  if (subjects !== undefined) {
    const all = (await Promise.all(subjects.map((subject) => ofSubject(deps, tenant, subject)))).flat();
    const found = newestFirst(all.filter((seen) => seen.standing.kind === "active" && touches(seen.session)));
    const left = found.filter(({ session }) => after === null || session.id < after);
    const affected = left.slice(0, limit);
    const next = affected.length < left.length ? (affected.at(-1)?.session.id ?? null) : null;
    const counts = after === null ? tally(found).counts : null;
    return granted({ ...about, counts, unreadable: after === null ? 0 : null, affected, next });
  }
  return granted({ ...about, ...(await lookThrough(deps, scanFor(deps.issuer, targets, touches), { after, limit })) });
}

async function lookThrough(
  deps: PreviewDeps,
  scan: Scan,
  { after, limit }: Pick<PreviewRevocation, "after" | "limit">,
): Promise<Pick<Preview, "counts" | "unreadable" | "affected" | "next">> {
  const { tenant } = deps.issuer;
  const first = await scanSessions(deps, tenant, scan, { after, limit, mostRows: Number.MAX_SAFE_INTEGER });
  const page = { affected: first.sessions, next: first.next };
  if (after !== null) return { ...page, counts: null, unreadable: null };
  let { unreadable } = first;
  const tallied = tally(first.sessions);
  for (let place = first.next; place !== null; ) {
    const more = await scanSessions(deps, tenant, scan, { after: place, limit: 512, mostRows: 4096 });
    tallied.add(more.sessions);
    unreadable += more.unreadable;
    place = more.next;
  }
  return { ...page, counts: tallied.counts, unreadable };
}

function scanFor({ skew }: Issuer, targets: readonly AnyTarget[], touches: (session: Session) => boolean): Scan {
  const [only] = targets;
  const bounds = only !== undefined && isLarge(only) ? largeScope(only, null, null, skew) : undefined;
  return {
    means: touches,
    wants: ({ standing }) => standing.kind === "active",
    first: bounds?.first,
    isBeyond: bounds?.isBeyond ?? (() => false),
  };
}

/** Whether a live session would end, or lose a family. A token's end is no session's. */
function touching(issuer: Issuer, targets: readonly AnyTarget[], snapshot: Snapshot): (session: Session) => boolean {
  const all = targets.map((target) => toucher(issuer, target, snapshot));
  return (session) => all.some((touches) => touches(session));
}

function toucher({ tenant, skew }: Issuer, target: AnyTarget, snapshot: Snapshot): (session: Session) => boolean {
  switch (target.kind) {
    case "session":
      return ({ id, ancestors }) => id === target.session || ancestors.includes(target.session);
    case "family":
      return (session) => session.id === target.session && familyOf(session, target.family)?.ended === null;
    case "token":
      return () => false;
    case "subject":
      return ({ subject }) => subject === target.subject;
    case "client": {
      const cutOff = snapshot.get(clientKey(tenant, target.client))?.notBefore ?? null;
      const lives = ({ client, ended, born }: Family): boolean =>
        client === target.client && ended === null && (cutOff === null || !isBefore(born, cutOff));
      return ({ families }) => families.some(lives);
    }
    case "tenant":
    case "before":
    case "query":
      return largeScope(target, null, null, skew).means;
  }
}

function refusalOf(issuer: Issuer, targets: readonly AnyTarget[], snapshot: Snapshot): RefusalCode | undefined {
  const { tenant } = issuer;
  for (const target of targets) {
    if (isLarge(target) && isInFuture(target, snapshot)) return "cut_off_in_future";
    if (target.kind === "client" && snapshot.get(clientKey(tenant, target.client)) === undefined)
      return "client_not_found";
    if (target.kind !== "session" && target.kind !== "family") continue;
    const row = snapshot.get(sessionKey({ tenant, id: target.session }));
    if (row === undefined) return "session_not_found";
    if (target.kind === "family" && familyOf(sessionFromRow(row), target.family) === undefined)
      return "target_not_found";
  }
  return undefined;
}

/** Whose sessions can be touched, where that is known: what hangs below a session belongs to its subject. */
function subjectsOf(
  issuer: Issuer,
  targets: readonly AnyTarget[],
  snapshot: Snapshot,
): readonly SubjectId[] | undefined {
  const subjects = new Set<SubjectId>();
  for (const target of targets) {
    if (target.kind === "client" || isLarge(target)) return undefined;
    if (target.kind === "subject") subjects.add(target.subject);
    if (target.kind !== "session" && target.kind !== "family") continue;
    const row = snapshot.get(sessionKey({ tenant: issuer.tenant, id: target.session }));
    if (row !== undefined) subjects.add(sessionFromRow(row).subject);
  }
  return [...subjects];
}

interface Tally {
  readonly counts: NonNullable<Preview["counts"]>;
  add(sessions: readonly SeenSession[]): void;
}

function tally(first: readonly SeenSession[]): Tally {
  const subjects = new Set<string>();
  const clients = new Set<string>();
  let count = 0;
  function add(sessions: readonly SeenSession[]): void {
    count += sessions.length;
    for (const { session } of sessions) {
      subjects.add(session.subject);
      for (const family of session.families) clients.add(family.client);
    }
  }
  add(first);
  return {
    get counts() {
      return { sessions: count, subjects: subjects.size, clients: clients.size };
    },
    add,
  };
}
