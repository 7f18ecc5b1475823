// What a replay does to single rows, by what the store has of them: entries that are written by hand.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { clientKey } from "../clients/client-row.ts";
import { Fault } from "../kernel/fault.ts";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import { NO_SESSIONS, type Subject, subjectKey, subjectToRow } from "../sessions/subject.ts";
import type { NoticeDraft, Row, RowChange, RowKey, Store } from "../store/store.ts";
import { fixedDice, START, TENANT, WEB } from "../testing/builders.ts";
import { counting, withMishaps } from "../testing/stores.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { type Replayed, replayJournal } from "./replay-journal.ts";

const ADA = "ada" as SubjectId;
const CLIENT = clientKey(TENANT, WEB);
const PERSON = subjectKey(TENANT, ADA);
const NOTHING: Replayed = { changes: 0, notices: 0, erased: [] };
const dice = fixedDice("journal");

function written(value: string): { readonly value: string; readonly expires: null } {
  return { value, expires: null };
}

/** A store with one row, changed so often that it has this version. */
async function aStore(key: RowKey, version: number, next = written("as in the backup")): Promise<Store> {
  const store = createMemoryStore({ clock: { now: () => START }, dice });
  for (let at = 0; at < version; at += 1) {
    const rows: readonly RowChange[] = [{ key, expect: at === 0 ? "absent" : at, next }];
    await store.commit([{ attempt: `before-${at}`, rows, notices: [], facts: [] }]);
  }
  return store;
}

const rowOf = async (store: Store, key: RowKey): Promise<Row | undefined> => (await store.read([key])).get(key);
const valueOf = async (store: Store, key: RowKey): Promise<string | undefined> => (await rowOf(store, key))?.value;

let made = 0;

/** Committed at the first position after the backup's head, or nobody knows whether it was. */
function anEntry(rows: readonly RowChange[], { notices = 0, known = true } = {}): JournalEntry {
  made += 1;
  const drafts = Array.from({ length: notices }, (_, index): NoticeDraft => {
    return { tenant: TENANT, mark: `mark-${made}-${index}`, body: '{"kind":"epoch"}', livesMs: 1 };
  });
  return {
    change: { attempt: `entry-${made}`, rows, notices: drafts, facts: [] },
    writtenAt: START,
    committed: known ? { pos: { epoch: 1, seq: notices }, at: START } : null,
  };
}

const replayed = (store: Store, ...entries: readonly JournalEntry[]): Promise<Replayed> =>
  replayJournal(store, entries, null);

/** How many changes each commit has. */
function watched(store: Store): { readonly store: Store; readonly commits: readonly number[] } {
  const commits: number[] = [];
  return {
    commits,
    store: {
      ...store,
      commit: (changes) => {
        commits.push(changes.length);
        return store.commit(changes);
      },
    },
  };
}

describe("what a replay does to a row", () => {
  it("leaves one that the backup has as it was then, or later, and gives the notice all the same [JRN-6] [JRN-7]", async () => {
    for (const version of [2, 3]) {
      const store = await aStore(PERSON, version, written("[]"));
      const before = await rowOf(store, PERSON);
      const change: RowChange = { key: PERSON, expect: 1, next: written("[]"), raise: true };
      assert.deepEqual(await replayed(store, anEntry([change], { notices: 1 })), {
        ...NOTHING,
        changes: 1,
        notices: 1,
      });
      assert.deepEqual(await rowOf(store, PERSON), before);
      assert.deepEqual((await store.read([])).head.pos, { epoch: 1, seq: 1 });
    }
  });

  it("leaves such a one though nobody knows whether it was changed, unless a cut-off was raised: its words stay, the cut-off comes [JRN-4]", async () => {
    const store = await aStore(PERSON, 2, written("[]"));
    const before = await rowOf(store, PERSON);
    const change: RowChange = { key: PERSON, expect: 1, next: written('["older",1]') };
    assert.deepEqual(await replayed(store, anEntry([change], { known: false })), NOTHING);
    assert.deepEqual(await rowOf(store, PERSON), before);
    await replayed(store, anEntry([{ ...change, raise: true }], { notices: 1, known: false }));
    const now = await rowOf(store, PERSON);
    assert.deepEqual([now?.value, now?.notBefore], ["[]", { epoch: 1, seq: 1 }]);
  });

  it("does not take an older change of unknown outcome for newer because the store has counted fewer [JRN-4] [JRN-6]", async () => {
    const store = await aStore(CLIENT, 1);
    const later = anEntry([{ key: CLIENT, expect: 5, next: written("the last word") }]);
    const earlier = anEntry([{ key: CLIENT, expect: 3, next: written("an earlier one") }], { known: false });
    await replayed(store, later, earlier);
    assert.equal(await valueOf(store, CLIENT), "the last word");
  });

  it("counts no change where one only compared it: the next change of it is made [JRN-6]", async () => {
    const store = await aStore(CLIENT, 1);
    const compared = anEntry([{ key: CLIENT, expect: 1, next: "same" }], { notices: 1 });
    await replayed(store, compared, anEntry([{ key: CLIENT, expect: 1, next: written("changed") }]));
    assert.equal(await valueOf(store, CLIENT), "changed");
  });

  it("removes what was removed, and makes what was made again after it [JRN-6] [JRN-13]", async () => {
    const gone = (expect: number) => anEntry([{ key: CLIENT, expect, next: "gone" }]);
    const store = await aStore(CLIENT, 2);
    assert.deepEqual(await replayed(store, gone(2)), { ...NOTHING, changes: 1 });
    assert.equal(await rowOf(store, CLIENT), undefined);
    assert.deepEqual(await replayed(store, gone(2)), NOTHING);
    const other = await aStore(CLIENT, 2);
    await replayed(other, gone(2), anEntry([{ key: CLIENT, expect: "absent", next: written("again") }]));
    assert.equal(await valueOf(other, CLIENT), "again");
  });
});

describe("an erasure in a journal", () => {
  const cut = (changes: Partial<Subject>) => subjectToRow({ ...NO_SESSIONS, by: "r-1", ...changes });

  it("is named by the removal of the subject's row alone, which stays, and by the cut-off alone [JRN-13]", async () => {
    const erased = { ...NOTHING, erased: [ADA] };
    const store = await aStore(PERSON, 1, cut({ cut: "subject_erased" }));
    const before = await rowOf(store, PERSON);
    assert.deepEqual(await replayed(store, anEntry([{ key: PERSON, expect: 1, next: "gone" }])), erased);
    assert.deepEqual(await rowOf(store, PERSON), before);
    const other = await aStore(PERSON, 1, cut({}));
    const begun: RowChange = { key: PERSON, expect: 1, next: cut({ cut: "subject_erased" }), raise: true };
    assert.deepEqual(await replayed(other, anEntry([begun], { notices: 1 })), { ...erased, changes: 1, notices: 1 });
  });

  it("is not what cut a subject off for another reason, nor a later change of who was cut off by one [JRN-13]", async () => {
    for (const [next, raise] of [
      [cut({}), true],
      [cut({ cut: "subject_blocked" }), true],
      [cut({ cut: "subject_erased" }), undefined],
    ] as const) {
      const change: RowChange = { key: PERSON, expect: 1, next, ...(raise === undefined ? {} : { raise }) };
      const { erased } = await replayed(await aStore(PERSON, 1, cut({})), anEntry([change], { notices: 1 }));
      assert.deepEqual(erased, []);
    }
  });
});

describe("the commits of a replay", () => {
  const ofClient = (id: string, value = "x") =>
    anEntry([{ key: clientKey(TENANT, id as ClientId), expect: "absent", next: written(value) }]);

  it("have sixty-four changes each, but for the last, and none is made of nothing [JRN-8]", async () => {
    const { store, commits } = watched(await aStore(CLIENT, 1));
    await replayed(store, ...Array.from({ length: 130 }, (_, index) => ofClient(`c-${index}`)));
    assert.deepEqual(commits, [64, 64, 2]);
    await replayed(store);
    await replayed(store, anEntry([{ key: clientKey(TENANT, "nobody" as ClientId), expect: 1, next: "gone" }]));
    assert.equal(commits.length, 3);
  });

  it("never change a row twice: the second change of it begins another [JRN-8]", async () => {
    const { store, commits } = watched(await aStore(CLIENT, 1));
    const again = anEntry([{ key: CLIENT, expect: 2, next: written("second") }]);
    const first = anEntry([{ key: CLIENT, expect: 1, next: written("first") }]);
    await replayed(store, ofClient("a"), first, again, ofClient("b"));
    assert.deepEqual(commits, [2, 2]);
    assert.equal(await valueOf(store, CLIENT), "second");
  });

  it("are a fault where the store can't write, which says why, and a defect where somebody else writes [JRN-8]", async () => {
    for (const mishap of ["failed", "full", "lost"] as const) {
      const store = withMishaps(await aStore(CLIENT, 1), [mishap]);
      await assert.rejects(
        replayed(store, ofClient("a")),
        (error) => error instanceof Fault && error.code === "store_unavailable" && error.cause instanceof Error,
      );
    }
    const { store, changes } = counting(await aStore(CLIENT, 1));
    await assert.rejects(
      replayed(withMishaps(store, ["conflict"]), ofClient("a")),
      (error) => !(error instanceof Fault),
    );
    assert.equal(changes().length, 0);
  });
});
