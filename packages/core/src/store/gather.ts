// Commits of concurrent requests travel together: while one batch is under way, what arrives waits and goes with the next.
// So the busier a server is, the fewer round trips and fsyncs each change costs, and an idle one waits for nobody. No timers.
// A batch that is smaller than the one before it waits for a few turns of the host's loop: those who were answered just now
// are about to ask again, and a group that was split once would otherwise stay split, at twice the cost for everybody.
// It also remembers the latest time that this store has shown: tokens were issued by it, and a notice that is committed
// while the store's clock is set back has to outlive them, too (NOT-3).

import { Fault } from "../kernel/fault.ts";
import type { NextTurn } from "../kernel/ports.ts";
import { afterMs, type Instant, instantOf, latest } from "../kernel/time.ts";
import { checkChanges } from "./check-changes.ts";
import { asChecked } from "./checked-batches.ts";
import { RowMap } from "./row-map.ts";
import type { Change, NoticeDraft, Outcome, Snapshot, Store } from "./store.ts";

export interface GatherOptions {
  readonly mostPerBatch?: number;
  /** Changes beyond this many waiting ones fail at once, with a Fault `overloaded` as their cause. */
  readonly mostWaiting?: number;
  /** Without it a batch waits for the end of the microtask turn. */
  readonly nextTurn?: NextTurn;
}

/**
 * Turns that a batch may wait to become as large as the last one: the answer goes out in one, the next request comes in another, and is
 * worked on in a third. A turn with nothing to do takes microseconds.
 */
const MOST_TURNS = 6;
/** Callers that go on in one turn when their batch is committed: with each goes an answer, and what arrives meanwhile waits for all of them. */
const SETTLED_TOGETHER = 32;

interface Waiting {
  readonly change: Change;
  readonly settle: (outcome: Outcome) => void;
  readonly reject: (cause: unknown) => void;
}

/** A store that keeps every promise of the one given, which nobody else in this process may then commit to. Reads pass through. */
export function gather(store: Store, options: GatherOptions = {}): Store {
  const { mostPerBatch = 256, mostWaiting = 8192, nextTurn = queueMicrotask } = options;
  let queue: Waiting[] = [];
  let lastBatch = 0;
  let running: Promise<void> | undefined;
  let closing: Promise<void> | undefined;
  let highest = instantOf(0);

  const turn = (): Promise<void> => new Promise(nextTurn);
  const seen = (clock: Instant): void => {
    highest = latest(highest, clock);
  };

  function seenIn(snapshot: Snapshot): Snapshot {
    seen(snapshot.clock);
    return snapshot;
  }

  async function run(): Promise<void> {
    // Lets the caller's turn end: what else it commits in this turn shares the batch.
    await turn();
    while (queue.length > 0) {
      for (let turns = 0; turns < MOST_TURNS && queue.length < lastBatch; turns += 1) await turn();
      const [batch, later] = chooseBatch(queue, mostPerBatch);
      queue = later;
      lastBatch = batch.length;
      await send(store, batch, { highest, seen, nextTurn });
    }
    running = undefined;
  }

  // One promise for each call, however many it waits behind: promises are a good part of what a commit costs here.
  function commit(changes: readonly Change[]): Promise<readonly Outcome[]> {
    return new Promise((resolve, reject) => {
      if (closing !== undefined) throw new Fault("store_unavailable");
      checkChanges(changes);
      if (changes.length === 0) return resolve([]);
      if (queue.length + changes.length > mostWaiting) {
        const cause = new Fault("overloaded");
        return resolve(changes.map(() => ({ kind: "failed", cause, full: false })));
      }
      const [only] = changes;
      if (changes.length === 1 && only !== undefined) {
        queue.push({ change: only, settle: (outcome) => resolve([outcome]), reject });
        running ??= run();
        return;
      }
      const outcomes = new Map<number, Outcome>();
      changes.forEach((change, at) => {
        const settle = (outcome: Outcome): void => {
          outcomes.set(at, outcome);
          if (outcomes.size === changes.length) resolve(changes.flatMap((_, index) => outcomes.get(index) ?? []));
        };
        queue.push({ change, settle, reject });
      });
      running ??= run();
    });
  }

  async function close(): Promise<void> {
    await running;
    await store.close();
  }

  return {
    traits: store.traits,
    read: (keys) => {
      const read = store.read(keys);
      return read instanceof Promise ? read.then(seenIn) : seenIn(read);
    },
    commit,
    notices: (range) => store.notices(range),
    markAt: (pos) => store.markAt(pos),
    facts: (query) => store.facts(query),
    list: (query) => store.list(query),
    due: (query) => store.due(query),
    drop: (bounds) => store.drop(bounds),
    onHeadMoved: (wake) => store.onHeadMoved(wake),
    close: () => (closing ??= close()),
  };
}

/** In order of arrival, but a change that touches a row of an earlier one waits for the next batch, unless both only compare it. */
function chooseBatch(queue: readonly Waiting[], most: number): readonly [readonly Waiting[], Waiting[]] {
  /** Of each row that an earlier change touches, whether one of them writes it. */
  const touched = new RowMap<boolean>();
  const batch: Waiting[] = [];
  const later: Waiting[] = [];
  for (const waiting of queue) {
    let collides = false;
    for (const { key, next } of waiting.change.rows) {
      const isWritten = touched.get(key);
      const writes = next !== "same";
      if (writes ? isWritten !== undefined : isWritten === true) collides = true;
      // Those that wait keep their rows too, or later arrivals would overtake them for ever.
      if (isWritten === undefined || (writes && !isWritten)) touched.set(key, writes);
    }
    (collides || batch.length >= most ? later : batch).push(waiting);
  }
  return [batch, later];
}

interface Sending {
  readonly highest: Instant;
  readonly seen: (clock: Instant) => void;
  readonly nextTurn: NextTurn;
}

async function send(store: Store, batch: readonly Waiting[], { highest, seen, nextTurn }: Sending): Promise<void> {
  try {
    const outcomes = await store.commit(asChecked(batch.map(({ change }) => outlasting(change, highest))));
    for (const outcome of outcomes) if (outcome.kind === "committed") seen(outcome.at);
    settleFrom(0, batch, outcomes, nextTurn);
  } catch (cause) {
    for (const { reject } of batch) reject(cause);
  }
}

/** The first at once, the others in the turns after: the next batch does not wait for them. */
function settleFrom(from: number, batch: readonly Waiting[], outcomes: readonly Outcome[], nextTurn: NextTurn): void {
  const upTo = from + SETTLED_TOGETHER;
  for (const [at, { settle, reject }] of batch.slice(from, upTo).entries()) {
    const outcome = outcomes[from + at];
    if (outcome === undefined) reject(new Error("a store answered no outcome for a change"));
    else settle(outcome);
  }
  if (upTo < batch.length) nextTurn(() => settleFrom(upTo, batch, outcomes, nextTurn));
}

/** The change, with notices that outlive whatever was issued until `highest`. Notices of one token name its end, and need nothing. */
function outlasting(change: Change, highest: Instant): Change {
  if (change.notices.length === 0) return change;
  const notices = change.notices.map((draft): NoticeDraft => {
    if (draft.livesMs === 0) return draft;
    const until = afterMs(highest, draft.livesMs);
    return { ...draft, liveUntil: draft.liveUntil === undefined ? until : latest(until, draft.liveUntil) };
  });
  return { ...change, notices };
}
