// A look at the facts after a place, through a filter: bounded, and it says how far it came.

import { type SessionId, type StoredFact, type SubjectId, sessionFromRow, sessionKey } from "@hallpass/core";
import type { Services } from "../../services.ts";

export interface LogQuery {
  /** Empty for all. */
  readonly kinds: ReadonlySet<string>;
  readonly session: SessionId | null;
  readonly subject: SubjectId | null;
  readonly limit: number;
}

export interface LogPage {
  readonly facts: readonly StoredFact[];
  /** Up to here everything was looked at. */
  readonly place: string | null;
  /** Whether there may be more right now. */
  readonly more: boolean;
  /** How often the bell had rung before. */
  readonly heard: number;
}

/** Facts that one look goes through; a filter that finds few in many answers with where to go on. */
const MOST_LOOKED_AT = 10_000;
const AT_ONCE = 500;
/** Milliseconds. What another node commits rings no bell here. */
export const LOOK_EVERY = 1000;

export async function look(services: Services, query: LogQuery, after: string | null): Promise<LogPage> {
  const heard = services.factBell.rung();
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
