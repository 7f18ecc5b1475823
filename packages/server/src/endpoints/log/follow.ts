// The facts after a place that a caller asked for, in the order of their commits. Whoever follows waits here until there is one, the time is
// over or the server drains; then it asks again with the cursor that it got. So nobody is sent more than it asked for, however slow it reads.

import { type SessionId, type StoredFact, type SubjectId, sessionFromRow, sessionKey } from "@hallpass/core";
import type { Services } from "../../services.ts";

export interface LogQuery {
  /** Empty for all. */
  readonly kinds: ReadonlySet<string>;
  readonly session: SessionId | null;
  readonly subject: SubjectId | null;
  readonly limit: number;
  /** Milliseconds to wait for a fact. */
  readonly followMs: number;
}

export interface LogPage {
  readonly facts: readonly StoredFact[];
  /** Up to here everything was looked at. */
  readonly place: string | null;
  /** Whether there may be more right now. */
  readonly more: boolean;
}

/** Facts that one call looks at; a filter that finds few in many answers with where to go on. */
const MOST_LOOKED_AT = 10_000;
const AT_ONCE = 500;
/** What another node commits rings no bell here. */
const LOOK_EVERY = 1000;
const MOST_FOLLOWERS = 64;

const followers = new WeakMap<Services["factBell"], number>();

export async function followLog(services: Services, query: LogQuery, after: string | null): Promise<LogPage> {
  const { clock, factBell, isServing } = services;
  const until = clock.monotonic() + query.followMs;
  let page = await look(services, query, after, factBell);
  const others = followers.get(factBell) ?? 0;
  if (others >= MOST_FOLLOWERS) return page;
  followers.set(factBell, others + 1);
  try {
    while (page.facts.length === 0 && isServing()) {
      const left = until - clock.monotonic();
      if (left <= 0) return page;
      if (!page.more) await factBell.next(page.heard, Math.min(left, LOOK_EVERY));
      page = await look(services, query, page.place, factBell);
    }
    return page;
  } finally {
    followers.set(factBell, (followers.get(factBell) ?? 1) - 1);
  }
}

async function look(
  services: Services,
  query: LogQuery,
  after: string | null,
  bell: Services["factBell"],
): Promise<LogPage & { readonly heard: number }> {
  const heard = bell.rung();
  const found: StoredFact[] = [];
  let place = after;
  for (let looked = 0; looked < MOST_LOOKED_AT; ) {
    const { facts, more } = await services.store.facts({
      tenant: services.tenant,
      limit: AT_ONCE,
      ...(query.session === null ? {} : { session: query.session }),
      ...(place === null ? {} : { after: place }),
    });
    const ofSubject = query.subject === null ? undefined : await sessionsOf(services, facts, query.subject);
    for (const fact of facts) {
      place = fact.cursor;
      if (query.kinds.size > 0 && !query.kinds.has(fact.kind)) continue;
      if (ofSubject !== undefined && (fact.session === null || !ofSubject.has(fact.session))) continue;
      found.push(fact);
      if (found.length === query.limit) return { facts: found, place, more: true, heard };
    }
    looked += facts.length;
    if (!more) return { facts: found, place, more: false, heard };
  }
  return { facts: found, place, more: true, heard };
}

/** A fact names no subject: its session does, as long as its row is kept. */
async function sessionsOf(
  { store, tenant }: Services,
  facts: readonly StoredFact[],
  subject: SubjectId,
): Promise<ReadonlySet<SessionId>> {
  const ids = [...new Set(facts.flatMap(({ session }) => (session === null ? [] : [session])))];
  const snapshot = await store.read(ids.map((id) => sessionKey({ tenant, id })));
  return new Set(
    ids.filter((id) => {
      const row = snapshot.get(sessionKey({ tenant, id }));
      return row !== undefined && sessionFromRow(row).subject === subject;
    }),
  );
}
