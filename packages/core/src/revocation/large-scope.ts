// Which sessions a large target means, of all that were there when its run began.

import { isBefore, type Position } from "@hallpass/protocol";
import { afterMs, type Instant } from "../kernel/time.ts";
import type { Family, Session } from "../sessions/session.ts";
import { firstIdOf, idIsBeyond, queryMatcher, type SessionQuery } from "../sessions/session-query.ts";
import type { LargeRun } from "./large-run.ts";
import type { LargeTarget } from "./target.ts";

export interface LargeScope {
  readonly means: (session: Session) => boolean;
  /** Where to begin among the sessions, which are ordered by their opening; undefined for the first. */
  readonly first: string | undefined;
  /** Whether this id and all that follow are outside. */
  readonly isBeyond: (id: string) => boolean;
}

/** `began`: the position of the run's beginning; null for a look at what is there now. `asOf`: its time. */
export function largeScope(
  target: LargeTarget,
  began: Position | null,
  asOf: Instant | null,
  skewSeconds: number,
): LargeScope {
  const means = meaning(target, asOf, skewSeconds);
  const bounds = boundsOf(target, skewSeconds);
  return {
    // Positions, never clocks, say what was opened later (NOT-7).
    means: (session) => (began === null || isBefore(session.born, began)) && means(session),
    first: firstIdOf(bounds),
    isBeyond: (id) => idIsBeyond(id, bounds),
  };
}

type Clients = NonNullable<LargeRun["clients"]>;

/** Those that have a family which the cut-off at `cut` took from one of these clients. */
export function clientScope(clients: Clients, cut: Position): LargeScope {
  const isLost = isLostTo(clients, cut);
  return { means: ({ families }) => families.some(isLost), first: undefined, isBeyond: () => false };
}

/** Whether it was that cut-off that took the family, and nothing before. */
export function isLostTo(clients: Clients, cut: Position): (family: Family) => boolean {
  const before = new Map(clients.map((one) => [one.id, one.cut]));
  return ({ client, ended, born }) => {
    const earlier = before.get(client);
    return (
      earlier !== undefined && ended === null && isBefore(born, cut) && (earlier === null || !isBefore(born, earlier))
    );
  };
}

function meaning(target: LargeTarget, asOf: Instant | null, skewSeconds: number): LargeScope["means"] {
  switch (target.kind) {
    case "tenant":
      return () => true;
    case "before":
      if ("pos" in target) return ({ born }) => isBefore(born, target.pos);
      return ({ opened }) => opened < target.time + skewSeconds * 1000;
    case "query":
      return queryMatcher(target.query, asOf);
  }
}

function boundsOf(target: LargeTarget, skewSeconds: number): SessionQuery {
  if (target.kind === "query") return target.query;
  if (target.kind === "before" && "time" in target)
    return { opened: { from: null, before: afterMs(target.time, skewSeconds * 1000) } };
  return {};
}
