// One step of one reader: the facts after its cursor are taken, and the cursor moves, in one change. A crash in between repeats the step.
// A fault is nobody's fact's fault: the reader waits, longer each time, and goes on where it was. A fact that can't be taken is tried
// alone, and in the end laid aside where an operator sees it; those after it go on.

import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import { type DeadLetter, deadLetterChange, deadLetterFromRow } from "../readers/dead-letter.ts";
import type { FactReader } from "../readers/fact-reader.ts";
import { type ReaderState, readerFromRow, readerKey, readerToRow } from "../readers/reader-row.ts";
import { answer, change, write } from "../store/change.ts";
import type { RowChange, Snapshot, Store, StoredFact } from "../store/store.ts";

export interface ReadFactsDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
}

export interface ReadStep {
  readonly taken: number;
  /** Whether another step would find more now. */
  readonly more: boolean;
  /** What the reader threw: the step is repeated later, or the fact was laid aside. */
  readonly failed: unknown;
}

const NOTHING: ReadStep = { taken: 0, more: false, failed: null };
const LAID_ASIDE_AT = 8;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;

/** Throws a Fault of the store; nothing was taken then, or it is taken again. Any number of nodes may run it: one of them moves the cursor. */
export async function readFacts(deps: ReadFactsDeps, reader: FactReader): Promise<ReadStep> {
  const { store, tenant } = deps;
  const key = readerKey(tenant, reader.name);
  const snapshot = await store.read([key]);
  const state = readerFromRow(snapshot.get(key));
  const version = snapshot.get(key)?.version ?? "absent";
  if (state.retryAt !== null && snapshot.clock < state.retryAt) return NOTHING;
  const limit = state.alone > 0 ? 1 : reader.batch;
  const { facts, more } = await store.facts({
    tenant,
    limit,
    ...(state.cursor === null ? {} : { after: state.cursor }),
  });
  if (facts.length === 0) return NOTHING;
  try {
    const prepared = reader.prepare?.(facts, deps.dice);
    await reader.deliver?.(facts);
    const moved = await move(deps, reader, version, prepared?.keys ?? [], (now) => {
      const { rows, progress } = prepared?.write(state.progress, now) ?? { rows: [], progress: state.progress };
      return { state: { ...after(state, facts), progress }, rows };
    });
    return { taken: moved ? facts.length : 0, more, failed: null };
  } catch (cause) {
    // The store itself: there is nowhere to write that it failed.
    if (cause instanceof Fault && reader.deliver === undefined) throw cause;
    await move(deps, reader, version, [], ({ clock }) => failed(state, facts, cause, reader, clock));
    return { taken: 0, more: false, failed: cause };
  }
}

interface Moved {
  readonly state: ReaderState;
  readonly rows: readonly RowChange[];
}

/** False when another node was faster. */
function move(
  { store, dice, tenant }: ReadFactsDeps,
  { name }: FactReader,
  version: number | "absent",
  keys: Parameters<Store["read"]>[0],
  next: (snapshot: Snapshot) => Moved,
): Promise<boolean> {
  const key = readerKey(tenant, name);
  return change(store, dice, [key, ...keys], (snapshot) => {
    if ((snapshot.get(key)?.version ?? "absent") !== version) return answer(false);
    const { state, rows } = next(snapshot);
    return write({ rows: [{ key, expect: version, next: readerToRow(state) }, ...rows], answer: () => true });
  });
}

function after(state: ReaderState, facts: readonly StoredFact[]): ReaderState {
  const last = facts.at(-1);
  if (last === undefined) throw new Error("a reader moved past no fact");
  return {
    ...state,
    cursor: last.cursor,
    factAt: last.at,
    failures: 0,
    retryAt: null,
    alone: Math.max(0, state.alone - 1),
  };
}

function failed(
  state: ReaderState,
  facts: readonly StoredFact[],
  cause: unknown,
  reader: FactReader,
  now: Instant,
): Moved {
  const failures = state.failures + 1;
  const [only] = facts;
  const isOfFacts = !(cause instanceof Fault);
  // At once, so that the one that can't be taken holds up no other.
  if (isOfFacts && facts.length > 1) return { state: { ...state, alone: facts.length }, rows: [] };
  if (isOfFacts && failures >= LAID_ASIDE_AT && only !== undefined) {
    const passed = { ...after(state, facts), laidAside: state.laidAside + 1 };
    return { state: passed, rows: [deadLetterChange(only, reader.name, now)] };
  }
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(state.failures, 16));
  return { state: { ...state, failures, retryAt: afterMs(now, wait) }, rows: [] };
}

export interface SeenReader extends ReaderState {
  readonly name: string;
}

/** Every reader with its progress, and the newest facts that were laid aside, at most `limit`. */
export async function listReaders(
  store: Store,
  tenant: TenantId,
  limit: number,
): Promise<{ readonly readers: readonly SeenReader[]; readonly deadLetters: readonly DeadLetter[] }> {
  const rows = await store.list({ tenant, kind: "reader", limit: 100 });
  const letters = await store.list({ tenant, kind: "dead_letter", limit });
  return {
    readers: rows.map((row) => ({ name: row.key.id, ...readerFromRow(row) })),
    deadLetters: letters.map(deadLetterFromRow),
  };
}
