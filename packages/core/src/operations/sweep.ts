// Writes down what is over already. No decision waits for it: expiry is derived. It makes the derived end a fact, late but exactly once,
// removes rows whose time has come, and drops notices that no token can match any more.

import { sessionFact } from "../facts.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Paced } from "../kernel/paced.ts";
import type { Dice } from "../kernel/ports.ts";
import { earliest, type Instant, instantOf, isPast } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { readerFromRow, readerKey } from "../readers/reader-row.ts";
import { lapse } from "../sessions/decide.ts";
import type { Session } from "../sessions/session.ts";
import { sessionFromRow, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { answer, type Decision, write } from "../store/change.ts";
import { changeEach } from "../store/change-each.ts";
import {
  type FactsOf,
  ROW_KINDS,
  type Row,
  type RowKey,
  type RowKind,
  type Snapshot,
  type Store,
} from "../store/store.ts";
import { issuerKey } from "./bootstrap-issuer.ts";

export interface SweepDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly issuer: Issuer;
  /** Milliseconds for which facts are kept. */
  readonly factsKept: number;
  /** Kinds that are kept for less, in milliseconds. */
  readonly factsKeptOf?: ReadonlyMap<string, number>;
  /** Until when each of them was swept: filled by the sweep, so that no step looks at what an earlier one did. */
  readonly sweptOf?: Map<string, Instant>;
  /** Readers whose facts are kept until they have them, at most twice as long. */
  readonly readers?: readonly string[];
  /** Rows that can't be read, which no step looks at again. Without it, what such a row throws is thrown when all else is done. */
  readonly passedOver?: PassedOver;
  /** Runs each step that asks the store for something; without it they follow one another at once. */
  readonly paced?: Paced;
}

/** The rows that are due soonest come first: as many that can't be read as a step looks for would keep all others from being swept. */
export interface PassedOver {
  has(key: RowKey): boolean;
  count(kind: RowKind): number;
  add(key: RowKey, thrown: unknown): void;
}

export interface Swept {
  readonly ended: number;
  readonly removed: number;
  /** Whether another step would find more now. */
  readonly more: boolean;
}

/** Rows of a kind that are looked for at once. */
const STEP = 200;
/** Rows that are read and committed together: requests that come meanwhile wait for no more than these. */
const TOGETHER = 32;
/** Notices and facts that are dropped at once, of each. */
const DROPPED = 1000;
/** Milliseconds: a fact carries the time of its decision, and is committed later than others of that time by no more. */
const DECIDED_WITHIN = 60_000;
/** Kinds that never come due: what they hold is removed on purpose only. */
const LASTING: ReadonlySet<RowKind> = new Set<RowKind>([
  "subject",
  "client",
  "keys",
  "issuer",
  "reader",
  "policy",
  "policy_version",
]);

/**
 * One small step. `trusted` is the latest instant that the caller trusts; the store's clock and this one must both have passed whatever is dropped.
 * A row that can't be read stops no other.
 */
export async function sweep(deps: SweepDeps, trusted: Instant): Promise<Swept> {
  const { store, passedOver, paced = (step) => step() } = deps;
  const { clock } = await store.read([issuerKey(deps.issuer.tenant)]);
  const until = earliest(trusted, clock);
  let ended = 0;
  let removed = 0;
  let more = false;
  const defects: unknown[] = [];
  const unreadable = (key: RowKey, thrown: unknown): void => {
    if (passedOver === undefined) defects.push(thrown);
    else passedOver.add(key, thrown);
  };
  for (const kind of ROW_KINDS) {
    if (LASTING.has(kind)) continue;
    const limit = STEP + (passedOver?.count(kind) ?? 0);
    const due = await paced(() => store.due({ kind, by: until, limit }));
    more ||= due.length === limit;
    const keys = due.filter((key) => passedOver?.has(key) !== true);
    for (let from = 0; from < keys.length; from += TOGETHER) {
      const done = await paced(() => settleEach(deps, keys.slice(from, from + TOGETHER), until, unreadable));
      ended += done.filter((one) => one === "ended").length;
      removed += done.filter((one) => one === "removed").length;
    }
  }
  const skewed = instantOf(Math.max(0, until - deps.issuer.skew * 1000));
  const held = await unreadSince(deps);
  const factsOf = shorterKept(deps, until, held);
  const factsBefore = boundOf(until, deps.factsKept, held);
  const dropped = await paced(() => store.drop({ horizon: skewed, factsBefore, factsOf, limit: DROPPED }));
  if (!dropped.more) for (const { kind, before } of factsOf) deps.sweptOf?.set(kind, before);
  if (defects.length > 0) throw defects[0];
  return { ended, removed, more: more || dropped.more };
}

/** When the oldest fact happened that a reader may not have yet; null when none holds any. */
async function unreadSince({ store, issuer, readers = [] }: SweepDeps): Promise<Instant | null> {
  if (readers.length === 0) return null;
  const keys = readers.map((name) => readerKey(issuer.tenant, name));
  const snapshot = await store.read(keys);
  const times = keys.map((key) => Math.max(0, (readerFromRow(snapshot.get(key)).factAt ?? 0) - DECIDED_WITHIN));
  return instantOf(Math.min(...times));
}

function boundOf(until: Instant, kept: number, held: Instant | null): Instant {
  const bound = until - kept;
  return instantOf(Math.max(0, held === null ? bound : Math.min(bound, Math.max(held, bound - kept))));
}

function shorterKept(
  { factsKeptOf = new Map(), sweptOf }: SweepDeps,
  until: Instant,
  held: Instant | null,
): readonly FactsOf[] {
  return [...factsKeptOf].map(([kind, kept]) => ({
    kind,
    from: instantOf(Math.max(0, (sweptOf?.get(kind) ?? 0) - DECIDED_WITHIN)),
    before: boundOf(until, kept, held),
  }));
}

export type Settled = "ended" | "removed" | "later";

/** One that lost a race is found again by the next step. */
function settleEach(
  { store, dice }: SweepDeps,
  keys: readonly RowKey[],
  until: Instant,
  unreadable: (key: RowKey, thrown: unknown) => void,
): Promise<readonly (Settled | undefined)[]> {
  const tenants = new Set(keys.flatMap(({ kind, tenant }) => (kind === "session" ? [tenant] : [])));
  const asked = [...keys, ...[...tenants].map((tenant) => ringKey(tenant))];
  return changeEach<RowKey, Settled>(store, dice, asked, keys, (key, snapshot) => {
    try {
      return settle(key, snapshot, until);
    } catch (thrown) {
      unreadable(key, thrown);
      return answer("later");
    }
  });
}

function settle(key: RowKey, snapshot: Snapshot, until: Instant): Decision<Settled> {
  const row = snapshot.get(key);
  if (row === undefined || row.expires === null || !isPast(row.expires, until)) return answer("later");
  if (key.kind !== "session") return remove(row);
  const session = sessionFromRow(row);
  if (session.state.kind === "ended") return remove(row);
  // A clock that jumped ahead since must not end for good what it only seems to have outlived.
  return settleSession(row, session, asOf(snapshot, earliest(snapshot.clock, until)));
}

/** The same rows, judged at another instant. */
export function asOf(snapshot: Snapshot, clock: Instant): Snapshot {
  return { get: (key) => snapshot.get(key), has: (key) => snapshot.has(key), head: snapshot.head, clock };
}

/** A session whose row came due may have been used since: then it is due again later. Otherwise its derived end becomes a fact. */
export function settleSession(row: Row, session: Session, snapshot: Snapshot): Decision<Settled> {
  const standing = standingOf(session, snapshot);
  if (standing.kind === "active") return postpone(row, session);
  const ruling = lapse(session, standing, snapshot.clock);
  if (ruling.kind !== "changed") return answer("later");
  return write({
    rows: [{ key: row.key, expect: row.version, next: sessionToRow(ruling.next, KEPT_AFTER_END) }],
    facts: [
      sessionFact(session.tenant, session.id, snapshot.clock, "session_ended", {
        reason: standing.reason,
        at_ms: standing.at,
        revocation: null,
      }),
    ],
    answer: () => "ended",
  });
}

function postpone(row: Row, session: Session): Decision<Settled> {
  const next = sessionToRow(session, KEPT_AFTER_END);
  if (next.expires === row.expires) return answer("later");
  return write({ rows: [{ key: row.key, expect: row.version, next }], answer: () => "later" });
}

function remove(row: Row): Decision<Settled> {
  return write({ rows: [{ key: row.key, expect: row.version, next: "gone" }], answer: () => "removed" });
}
