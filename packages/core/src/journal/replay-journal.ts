// Brings what a journal kept into a store that was restored from an older backup. Entries come in their order (`inJournalOrder`), so each
// notice gets the position and the mark that it had, and verifiers that saw it recognise it. Nobody else writes meanwhile.

import { comparePositions, type Position } from "@hallpass/protocol";
import { Fault } from "../kernel/fault.ts";
import type { SubjectId } from "../kernel/ids.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import { subjectFromRow } from "../sessions/subject.ts";
import { rowKeyText } from "../store/check-changes.ts";
import { livesUntil } from "../store/notice-place.ts";
import type { Change, NoticeDraft, RowChange, Snapshot, Store } from "../store/store.ts";
import type { JournalEntry } from "./journal-entry.ts";

export interface Replayed {
  readonly changes: number;
  readonly notices: number;
  /** Whose erasure the journal tells of: everything of them is over, and what the backup holds of them has to be erased again. */
  readonly erased: readonly SubjectId[];
}

/** Changes of one commit: as many as share a round trip and an fsync well. */
const MOST_TOGETHER = 64;

/** Milliseconds: no commit takes longer, so an entry that is older than the backup by more was in it or never was. */
const DECIDED_WITHIN = 60_000;

/**
 * Twice is once: what the store has already is left out. `madeAt`: when the backup was begun, null when nobody knows.
 * Throws Faults of the store; the same can then be replayed again.
 */
export async function replayJournal(
  store: Store,
  entries: Iterable<JournalEntry>,
  madeAt: Instant | null,
): Promise<Replayed> {
  const replay = new Replay(store, (await store.read([])).head.pos, madeAt);
  let together: JournalEntry[] = [];
  let touched = new Set<string>();
  for (const entry of entries) {
    if (replay.isThere(entry)) continue;
    const keys = entry.change.rows.map(({ key }) => rowKeyText(key));
    if (together.length === MOST_TOGETHER || keys.some((key) => touched.has(key))) {
      await replay.commit(together);
      together = [];
      touched = new Set();
    }
    together.push(entry);
    for (const key of keys) touched.add(key);
  }
  await replay.commit(together);
  return replay.done;
}

/** What the versions that an entry expects can be compared with: the backup's own, nothing, or nothing because the outcome is unknown. */
type Place = "counted" | "beyond" | "unknown";

class Replay {
  readonly #store: Store;
  readonly #head: Position;
  readonly #madeAt: Instant | null;
  /** The version that a row had where the journal was written; the store counts on by itself. */
  readonly #versions = new Map<string, number>();
  readonly #erased = new Set<SubjectId>();
  #changes = 0;
  #notices = 0;

  constructor(store: Store, head: Position, madeAt: Instant | null) {
    this.#store = store;
    this.#head = head;
    this.#madeAt = madeAt;
  }

  get done(): Replayed {
    return { changes: this.#changes, notices: this.#notices, erased: [...this.#erased] };
  }

  /**
   * The backup has every change whose notices stand at or before its head. Of one without notices only the head is known that it saw: it was
   * before the backup if that was in an earlier epoch, or if the time says so.
   */
  isThere({ change, committed, writtenAt }: JournalEntry): boolean {
    if (committed === null) return this.#isLongBefore(writtenAt);
    if (change.notices.length > 0) return comparePositions(committed.pos, this.#head) <= 0;
    return committed.pos.epoch < this.#head.epoch || this.#isLongBefore(committed.at);
  }

  #isLongBefore(at: Instant): boolean {
    return this.#madeAt !== null && afterMs(at, DECIDED_WITHIN) < this.#madeAt;
  }

  async commit(entries: readonly JournalEntry[]): Promise<void> {
    const snapshot = await this.#store.read(entries.flatMap(({ change }) => change.rows.map(({ key }) => key)));
    const changes = entries.flatMap((entry) => this.#again(entry, snapshot));
    if (changes.length === 0) return;
    const outcomes = await this.#store.commit(changes);
    for (const outcome of outcomes) {
      if (outcome.kind === "committed") continue;
      if (outcome.kind === "conflict") throw new Error("somebody else writes to the store that is being restored");
      throw new Fault("store_unavailable", { cause: outcome.cause });
    }
    this.#changes += changes.length;
    for (const { notices } of changes) this.#notices += notices.length;
  }

  #again({ change, committed, writtenAt }: JournalEntry, snapshot: Snapshot): readonly Change[] {
    const at = committed?.at ?? writtenAt;
    // A restore began the epoch: its store counted its rows from what it had itself. Nothing of a later epoch than the backup's is in the backup.
    const isLater = committed !== null && committed.pos.epoch > this.#head.epoch;
    const place = committed === null ? "unknown" : isLater ? "beyond" : "counted";
    const rows = change.rows.flatMap((row) => this.#rowAgain(row, place, snapshot));
    if (rows.length === 0 && change.notices.length === 0) return [];
    const notices = change.notices.map(
      (draft): NoticeDraft => ({ ...draft, livesMs: 0, liveUntil: livesUntil(draft, at) }),
    );
    return [{ ...change, rows, notices }];
  }

  /** Left out when the store has it as it was then or later; but a cut-off whose place nobody knows is raised in any case. */
  #rowAgain({ key, expect, next, raise }: RowChange, place: Place, snapshot: Snapshot): readonly RowChange[] {
    if (next === "same") return [];
    const text = rowKeyText(key);
    const row = snapshot.get(key);
    const known = this.#versions.get(text) ?? row?.version ?? 0;
    const then = expect === "absent" ? 1 : expect + 1;
    if (then <= known && place !== "beyond") {
      if (raise !== true || place === "counted" || row === undefined) return [];
      return [{ key, expect: row.version, next: { value: row.value, expires: row.expires }, raise }];
    }
    // A row that is gone may be made again, and counts from 1 then.
    this.#versions.set(text, next === "gone" ? 0 : then);
    if (next === "gone") {
      if (row === undefined) return [];
      if (key.kind !== "subject") return [{ key, expect: row.version, next }];
      // It went after the sessions that it had cut off, and those are in the backup still.
      this.#erased.add(key.id as SubjectId);
      return [];
    }
    if (key.kind === "subject" && raise === true && subjectFromRow(next).cut === "subject_erased")
      this.#erased.add(key.id as SubjectId);
    return [{ key, expect: row?.version ?? "absent", next, ...(raise === true ? { raise } : {}) }];
  }
}
