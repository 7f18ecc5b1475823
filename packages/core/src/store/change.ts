// Reads, decides and writes as one step. `decide` is pure and may run several times: it sees one snapshot and
// says what to write and what to answer. Losers of a race read again and decide on the winner's state.

import { encodeBase64url, type Position } from "@hallpass/protocol";
import { Fault } from "../kernel/fault.ts";
import type { Dice } from "../kernel/ports.ts";
import type { Instant } from "../kernel/time.ts";
import type {
  Change,
  FactDraft,
  MaybePromise,
  NoticeDraft,
  Outcome,
  Row,
  RowChange,
  RowKey,
  Snapshot,
  Store,
} from "./store.ts";

export interface Committed {
  /** The position of the change's last notice; otherwise the head it saw. */
  readonly pos: Position;
  readonly at: Instant;
}

export interface Writes<T> {
  readonly rows: readonly RowChange[];
  readonly notices?: readonly NoticeDraft[];
  readonly facts?: readonly FactDraft[];
  readonly answer: (committed: Committed) => T;
}

/** Nothing to write (`answer`), something to write, or rows that are needed beyond those asked for. */
export type Decision<T> =
  | { readonly kind: "answer"; readonly answer: T }
  | ({ readonly kind: "write" } & Writes<T>)
  | { readonly kind: "read"; readonly keys: readonly RowKey[] };

export function answer<T>(value: T): Decision<T> {
  return { kind: "answer", answer: value };
}

/** Named one by one: what is spread behind another member is copied with a call for each. */
export function write<T>({ rows, notices = NO_NOTICES, facts = NO_FACTS, answer: answered }: Writes<T>): Decision<T> {
  return { kind: "write", rows, notices, facts, answer: answered };
}

const NO_NOTICES: readonly NoticeDraft[] = [];
const NO_FACTS: readonly FactDraft[] = [];

const MOST_TRIES = 100;
/** Outcomes of one change that nobody knew until the rows showed that nothing was written. A store where that goes on is broken, not busy. */
const MOST_UNWRITTEN = 8;
/** Within one try. */
const MOST_READS = 8;

/**
 * Runs `decide` on a snapshot of `keys` and commits what it says.
 * Throws a Fault when the store can't tell (`outcome_unknown`), can't write (`store_full`, `store_unavailable`) or others
 * changed the rows a hundred times in between (`contended`). Nothing is answered before it is durable.
 */
export async function change<T>(
  store: Store,
  dice: Dice,
  keys: readonly RowKey[],
  decide: (snapshot: Snapshot) => Decision<T>,
): Promise<T> {
  let unwritten = 0;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    let asked: readonly RowKey[] = [];
    let decision: Decision<T> = { kind: "read", keys };
    // Reading as often as the decision asks for more rows uses up no try: nobody was in the way.
    for (let reads = 0; decision.kind === "read"; reads += 1) {
      if (reads === MOST_READS) throw new Error("a decision asks for rows without end");
      asked = [...asked, ...decision.keys];
      const read = store.read(asked);
      decision = decide(read instanceof Promise ? await read : read);
    }
    if (decision.kind === "answer") return decision.answer;
    const one = changeOf(dice, decision);
    const settled = settle(store, one, await store.commit([one]));
    const outcome = settled instanceof Promise ? await settled : settled;
    if (outcome === "conflict") continue;
    if ("pos" in outcome) return decision.answer(outcome);
    unwritten += 1;
    if (unwritten === MOST_UNWRITTEN) throw new Fault("store_unavailable", outcome);
  }
  throw new Fault("contended");
}

/** Appends facts that change no row. */
export async function record(store: Store, dice: Dice, facts: readonly FactDraft[]): Promise<void> {
  if (facts.length === 0) return;
  const one = changeOf(dice, { rows: [], facts });
  const outcome = await settle(store, one, await store.commit([one]));
  if (outcome === "conflict") throw new Error("a change without rows conflicted");
}

/** With an attempt of its own. */
export function changeOf(
  dice: Dice,
  { rows, notices = NO_NOTICES, facts = NO_FACTS }: Omit<Writes<unknown>, "answer">,
): Change {
  return { attempt: encodeBase64url(dice.bytes(8)), rows, notices, facts };
}

/** It was not known whether it was written; it was not. */
interface Unwritten {
  readonly cause: unknown;
}

type Settled = Committed | "conflict" | Unwritten;

/** What an outcome comes to when the rows were asked where nobody knew it. Throws and rejects with Faults as `change` does. */
export function settle(store: Store, one: Change, [outcome]: readonly Outcome[]): MaybePromise<Settled> {
  if (outcome === undefined) throw new Error("a store answered no outcome for a change");
  switch (outcome.kind) {
    case "committed":
      return { pos: outcome.pos, at: outcome.at };
    case "conflict":
      return "conflict";
    case "failed":
      if (outcome.cause instanceof Fault) throw outcome.cause;
      throw new Fault(outcome.full ? "store_full" : "store_unavailable", { cause: outcome.cause });
    case "unknown":
      return reread(store, one, outcome.cause);
  }
}

/** The rows say whether the change happened: one of them carries its attempt, or still has the version from before. Otherwise nobody can know. */
async function reread(store: Store, one: Change, cause: unknown): Promise<Settled> {
  const written = one.rows.filter((row) => typeof row.next === "object");
  if (written.length === 0) throw new Fault("outcome_unknown", { cause });
  const snapshot = await store.read(written.map((row) => row.key));
  for (const expected of written) {
    const row = snapshot.get(expected.key);
    if (row?.attempt === one.attempt) return committedAs(one, row, snapshot);
    if (expected.expect === "absent" ? row === undefined : row?.version === expected.expect) return { cause };
  }
  throw new Fault("outcome_unknown", { cause });
}

/** Position and time of a change that raised a cut-off stand in the row that it raised; of any other, the head now is at or after it, which is the safe side for a receipt. */
function committedAs(one: Change, row: Row, snapshot: Snapshot): Committed {
  const raised = one.rows.find(({ raise, key }) => raise === true && snapshot.get(key)?.attempt === one.attempt);
  const stamped = raised === undefined ? row : (snapshot.get(raised.key) ?? row);
  if (raised === undefined || stamped.notBefore === null) return { pos: snapshot.head.pos, at: snapshot.clock };
  return { pos: stamped.notBefore, at: stamped.raisedAt ?? snapshot.clock };
}
