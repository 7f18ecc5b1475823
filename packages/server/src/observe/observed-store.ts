// A store that tells what it does: how long it takes, and which facts became true. A fact is told once it is committed, never before,
// and from here only: every log line and every count of a fact comes through this file.

import type {
  Change,
  Clock,
  FactBodies,
  FactDraft,
  MaybePromise,
  Outcome,
  RowKey,
  Snapshot,
  Store,
} from "@hallpass/core";
import type { Position } from "@hallpass/protocol";
import type { FactBell } from "./fact-bell.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { sessionRef } from "./session-ref.ts";
import type { StoreWrites } from "./store-writes.ts";
import type { Tracing } from "./tracing.ts";

export interface StoreObservers {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** A change with a notice was committed. */
  readonly revoked: (pos: Position) => void;
  readonly factBell: Pick<FactBell, "ring">;
  readonly writes: Pick<StoreWrites, "noted">;
  /** Kinds that are counted and told, and not written. */
  readonly countedOnly: ReadonlySet<string>;
  readonly tracing: Tracing | undefined;
}

export function observedStore(
  store: Store,
  { clock, log, metrics, revoked, factBell, writes, countedOnly, tracing }: StoreObservers,
): Store {
  let epoch = 0;
  function noteEpoch({ pos }: { readonly pos: Position }): void {
    if (pos.epoch === epoch) return;
    epoch = pos.epoch;
    metrics.epoch(epoch);
  }

  function timed<T>(
    operation: "read" | "commit",
    start: number,
    work: Promise<T>,
    noted: (value: T) => void = () => {},
  ): Promise<T> {
    return work.then(
      (value) => {
        metrics.store(operation, clock.monotonic() - start);
        noted(value);
        return value;
      },
      (error: unknown) => {
        metrics.store(operation, clock.monotonic() - start);
        metrics.storeFailed(operation, "failed");
        throw error;
      },
    );
  }

  function read(keys: readonly RowKey[]): MaybePromise<Snapshot> {
    const start = clock.monotonic();
    const work = store.read(keys);
    if (work instanceof Promise) return timed("read", start, work, ({ head }) => noteEpoch(head));
    metrics.store("read", clock.monotonic() - start);
    noteEpoch(work.head);
    return work;
  }

  function toldOf(changes: readonly Change[], all: readonly Change[], outcomes: readonly Outcome[]): void {
    for (let index = 0; index < changes.length; index += 1) told(changes[index], outcomes[index]);
    // Not for those that are counted only: nobody would find them.
    if (all.some(({ facts }, index) => facts.length > 0 && outcomes[index]?.kind === "committed")) factBell.ring();
  }

  function written(changes: readonly Change[]): readonly Change[] {
    return countedOnly.size === 0 ? changes : changes.map((change) => without(countedOnly, change));
  }

  function told(change: Change | undefined, outcome: Outcome | undefined): void {
    if (outcome !== undefined) writes.noted(outcome);
    if (outcome?.kind === "failed" || outcome?.kind === "unknown") metrics.storeFailed("commit", outcome.kind);
    if (outcome?.kind !== "committed" || change === undefined) return;
    noteEpoch(outcome);
    for (const fact of change.facts) tell(fact);
    if (change.notices.length > 0) revoked(outcome.pos);
  }

  /** A session's id begins with the time at which it was opened (RFC 9562 section 5.7). */
  function ended(session: string, text: string): void {
    const { reason, at_ms: at } = JSON.parse(text) as FactBodies["session_ended"];
    const opened = Number.parseInt(session.slice(0, 8) + session.slice(9, 13), 16);
    metrics.sessionEnded(reason, at - opened);
  }

  function tell({ kind, session, body }: FactDraft): void {
    metrics.fact(kind);
    tracing?.fact(kind, session);
    if (kind === "session_ended" && session !== null) ended(session, body);
    // A busy site refreshes more than it does anything else: the request's own line and the count say it.
    const fields = (): object => ({
      kind,
      ...(session === null ? {} : { session, session_ref: sessionRef(session) }),
      body: JSON.parse(body) as unknown,
    });
    if (kind === "token_refreshed") log.debug("fact", fields);
    else log.info("fact", fields);
  }

  return {
    ...store,
    read,
    commit: (changes) => {
      const start = clock.monotonic();
      const all = written(changes);
      return timed("commit", start, store.commit(all), (outcomes) => toldOf(changes, all, outcomes));
    },
  };
}

function without(kinds: ReadonlySet<string>, change: Change): Change {
  return change.facts.some(({ kind }) => kinds.has(kind))
    ? { ...change, facts: change.facts.filter(({ kind }) => !kinds.has(kind)) }
    : change;
}
