import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { clientFromRow, clientKey } from "../clients/client-row.ts";
import type { SubjectId } from "../kernel/ids.ts";
import { disableClient } from "../operations/disable-client.ts";
import { beginErasure, type ErasurePlace, eraseSubject, firstErasurePlace } from "../operations/erase-subject.ts";
import { startEpoch } from "../operations/start-epoch.ts";
import { blockSubject, readSubject, unblockSubject } from "../operations/subjects.ts";
import { subjectKey } from "../sessions/subject.ts";
import type { Change, Outcome, Store } from "../store/store.ts";
import { START, TENANT, WEB } from "../testing/builders.ts";
import { withMishaps } from "../testing/stores.ts";
import {
  accessTextOf,
  aWorld,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { completenessOf, inJournalOrder, type JournalEntry, type JournalPlace } from "./journal-entry.ts";
import { isJournaled } from "./journaled-change.ts";
import { replayJournal } from "./replay-journal.ts";

interface Kept {
  readonly world: World;
  /** The store as it was when `lose` was called, and the journal of what came after. */
  readonly restored: Store;
  readonly journal: JournalEntry[];
  readonly lose: () => void;
}

/** Two stores get the same changes until the backup is made: then the second one is the backup. */
async function aBackup(): Promise<Kept> {
  let isOneStore = true;
  const journal: JournalEntry[] = [];
  let restored: Store | undefined;
  const world = await aWorld((options) => {
    const live = createMemoryStore(options);
    const backup = createMemoryStore(options);
    restored = backup;
    return {
      ...live,
      commit: async (changes) => {
        if (isOneStore) await backup.commit(changes);
        const outcomes = await live.commit(changes);
        changes.forEach((change, index) => note(change, outcomes[index]));
        return outcomes;
      },
    };
  });
  function note(change: Change, outcome: Outcome | undefined): void {
    if (!isJournaled(change) || outcome?.kind !== "committed") return;
    journal.push({ change, writtenAt: outcome.at, committed: { pos: outcome.pos, at: outcome.at } });
  }
  assert.ok(restored !== undefined);
  return {
    world,
    restored,
    journal,
    lose: () => {
      isOneStore = false;
    },
  };
}

const place = ({ change, committed }: JournalEntry): JournalPlace => ({
  notices: change.notices.length,
  startsEpoch: change.notices[0]?.newEpoch !== undefined,
  committed,
});

const ada = "ada" as SubjectId;

async function erase(world: World, subject: SubjectId): Promise<void> {
  const request = { subject, reason: null, ticket: null, actor: "ops" };
  for (let at: ErasurePlace | null = firstErasurePlace(await beginErasure(world, request)); at !== null; )
    at = (await eraseSubject(world, { ...request, place: at, limit: 1000 })).next;
}

describe("a journal that is replayed into an older store", () => {
  it("takes away again whatever was taken since: a session, a family, a token, a subject, a client [JRN-1] [JRN-6]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    const [gone, kept] = [await opened(world), await opened(world, { subject: ada })];
    const [ofBob, ofFamily] = [
      await opened(world, { subject: "bob" as SubjectId }),
      await opened(world, { subject: "eve" as SubjectId }),
    ];
    lose();
    await revoked(world, theSession(gone.session.id));
    await revoked(world, { kind: "subject", subject: "bob" as SubjectId });
    const [family] = ofFamily.session.families;
    assert.ok(family !== undefined);
    await revoked(world, { kind: "family", session: ofFamily.session.id, family: family.id });
    await revoked(world, { kind: "token", jti: "j-1", expires: null });

    await replayJournal(restored, journal, null);
    const after = world.node(restored);
    for (const one of [gone, ofBob, ofFamily])
      assert.equal((await refreshed(after, refreshTextOf(one))).kind, "refused");
    assert.equal((await refreshed(after, refreshTextOf(kept))).kind, "granted", "nobody else is logged out");
    assert.equal(await judgeAccessToken(after, accessTextOf(gone)), undefined);
  });

  it("gives every notice the position and the mark that it had [JRN-7]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    const one = await opened(world);
    await revoked(world, { kind: "subject", subject: ada });
    lose();
    await revoked(world, theSession(one.session.id));
    await startEpoch(world, { epoch: 1, seq: 40 }, "cursor_ahead");
    await revoked(world, { kind: "subject", subject: ada });
    const { head } = await world.store.read([]);
    await replayJournal(restored, journal, null);
    assert.deepEqual((await restored.read([])).head, head);
    for (const { pos, mark, until } of await world.notices()) {
      assert.equal(await restored.markAt(pos), mark);
      assert.ok(until > 0);
    }
  });

  it("never revives somebody who was erased: their cut-off stays, and it says whom to erase again [JRN-13]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    const [one, other] = [await opened(world, { subject: ada }), await opened(world, { subject: "bob" as SubjectId })];
    lose();
    await erase(world, ada);
    const key = subjectKey(TENANT, ada);
    assert.equal((await world.store.read([key])).get(key), undefined, "where it was erased nothing is left");

    assert.deepEqual((await replayJournal(restored, journal, null)).erased, [ada]);
    const after = world.node(restored);
    assert.equal((await refreshed(after, refreshTextOf(one))).kind, "refused");
    assert.equal(await judgeAccessToken(after, accessTextOf(one)), undefined);
    assert.equal((await refreshed(after, refreshTextOf(other))).kind, "granted");
  });

  it("says nothing of an erasure that the backup has whole [JRN-13]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    await opened(world, { subject: ada });
    await erase(world, ada);
    lose();
    assert.deepEqual((await replayJournal(restored, journal, null)).erased, []);
  });

  it("brings back what was decided about clients and people, the last word of each [JRN-2]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    await opened(world, { subject: ada });
    lose();
    await disableClient(world, WEB, "ops");
    const block = { subject: ada, reason: null, ticket: null, actor: "ops", until: null } as const;
    await blockSubject(world, block);
    await unblockSubject(world, ada, "ops");
    await blockSubject(world, { ...block, subject: "bob" as SubjectId });
    await replayJournal(restored, journal, null);
    const row = (await restored.read([clientKey(TENANT, WEB)])).get(clientKey(TENANT, WEB));
    assert.ok(row !== undefined);
    assert.equal(clientFromRow(row).status, "disabled");
    assert.equal((await readSubject(restored, TENANT, ada)).block, null);
    assert.notEqual((await readSubject(restored, TENANT, "bob" as SubjectId)).block, null);
  });

  it("keeps neither openings nor refreshes: those who come back with a later generation go on [JRN-3]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    const one = await opened(world);
    lose();
    const second = await refreshed(world, refreshTextOf(one));
    assert.ok(second.kind === "granted");
    const third = await refreshed(world, refreshTextOf(second));
    assert.ok(third.kind === "granted");
    await opened(world, { subject: "new" as SubjectId });
    assert.deepEqual(await replayJournal(restored, journal, null), { changes: 0, notices: 0, erased: [] });
    const next = await refreshed(world.node(restored), refreshTextOf(third));
    assert.ok(next.kind === "granted" && next.regressed);
  });

  it("twice is once, and a replay that was cut short goes on [JRN-8]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    const sessions = [await opened(world), await opened(world), await opened(world)];
    lose();
    for (const { session } of sessions) await revoked(world, theSession(session.id));
    await assert.rejects(replayJournal(withMishaps(restored, ["failed"]), journal, null));
    await replayJournal(restored, journal.slice(0, -1), null);
    assert.deepEqual(await replayJournal(restored, journal, null), { changes: 1, notices: 1, erased: [] });
    assert.deepEqual(await replayJournal(restored, journal, null), { changes: 0, notices: 0, erased: [] });
    assert.deepEqual((await restored.read([])).head, (await world.store.read([])).head);
  });

  it("counts a change of which nobody wrote down what became of it as one that happened, unless it is older than the backup [JRN-4]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    const one = await opened(world, { subject: ada });
    lose();
    await revoked(world, { kind: "subject", subject: ada });
    const unknown = journal.slice(-1).map((entry) => ({ ...entry, committed: null }));
    const madeAt = world.now();
    const muchLater = (madeAt + 60_001) as typeof madeAt;
    assert.deepEqual(await replayJournal(restored, unknown, muchLater), { changes: 0, notices: 0, erased: [] });
    await replayJournal(restored, unknown, (madeAt + 60_000) as typeof madeAt);
    assert.equal((await refreshed(world.node(restored), refreshTextOf(one))).kind, "refused");
  });

  it("raises a cut-off of unknown outcome though the row was written again since [JRN-4]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    const one = await opened(world, { subject: ada });
    lose();
    await revoked(world, { kind: "subject", subject: ada });
    await blockSubject(world, { subject: ada, reason: null, ticket: null, actor: "ops", until: null });
    await unblockSubject(world, ada, "ops");
    const [cut, , unblocked] = journal.slice(-3);
    assert.ok(cut !== undefined && unblocked !== undefined);
    const entries = [{ ...cut, committed: null }, unblocked].toSorted((a, b) => inJournalOrder(place(a), place(b)));
    await replayJournal(restored, entries, null);
    assert.equal((await refreshed(world.node(restored), refreshTextOf(one))).kind, "refused");
  });
});

describe("a store that was restored before", () => {
  /** A store and its journal, after a restore from a backup: it lost six openings, and with them the count of its subject's row. */
  async function restoredOnce(): Promise<Kept & { readonly second: World }> {
    const kept = await aBackup();
    const { world, restored, journal, lose } = kept;
    await opened(world, { subject: ada });
    lose();
    for (let count = 0; count < 6; count += 1) await opened(world, { subject: ada });
    await blockSubject(world, block);
    await unblockSubject(world, ada, "ops");
    await replayJournal(restored, journal, null);
    const second: World = { ...world, ...world.node(keeping(restored, journal)) };
    await startEpoch(second, (await restored.read([])).head.pos, "restore");
    return { ...kept, second };
  }

  function keeping(store: Store, journal: JournalEntry[]): Store {
    return {
      ...store,
      commit: async (changes) => {
        const outcomes = await store.commit(changes);
        changes.forEach((change, index) => {
          const outcome = outcomes[index];
          if (!isJournaled(change) || outcome?.kind !== "committed") return;
          journal.push({ change, writtenAt: outcome.at, committed: { pos: outcome.pos, at: outcome.at } });
        });
        return outcomes;
      },
    };
  }

  const block = { subject: ada, reason: null, ticket: null, actor: "ops", until: null } as const;
  const isBlockedAt = async (store: Store): Promise<boolean> => (await readSubject(store, TENANT, ada)).block !== null;

  it("is a backup whose block no unblock of an earlier epoch takes back [JRN-6] [JRN-14]", async () => {
    const { restored, journal, second } = await restoredOnce();
    await blockSubject(second, block);
    assert.equal(await isBlockedAt(restored), true);
    await replayJournal(restored, journal, null);
    assert.equal(await isBlockedAt(restored), true);
  });

  it("loses no revocation at the next restore from the older backup, though its rows counted fewer changes [JRN-14]", async () => {
    const [first, again] = [await restoredOnce(), await aBackup()];
    await opened(again.world, { subject: ada });
    const one = await opened(first.second, { subject: ada });
    await blockSubject(first.second, block);
    await replayJournal(again.restored, first.journal, null);
    assert.equal(await isBlockedAt(again.restored), true);
    assert.equal((await refreshed(first.second, refreshTextOf(one))).kind, "refused");
    const key = subjectKey(TENANT, ada);
    const row = (await again.restored.read([key])).get(key);
    assert.deepEqual(row?.notBefore, (await first.restored.read([key])).get(key)?.notBefore);
  });

  it("has what was changed without a notice more than a minute before the backup, and not for certain what came later [JRN-14]", async () => {
    const { world, restored, journal, lose } = await aBackup();
    await opened(world, { subject: ada });
    lose();
    await blockSubject(world, block);
    await unblockSubject(world, ada, "ops");
    const unblocked = journal.slice(-1);
    const at = unblocked[0]?.committed?.at ?? START;
    const madeAt = (later: number): typeof at => (at + later) as typeof at;
    await replayJournal(restored, journal.slice(0, -1), null);
    await replayJournal(restored, unblocked, madeAt(60_001));
    assert.equal(await isBlockedAt(restored), true);
    await replayJournal(restored, unblocked, madeAt(60_000));
    assert.equal(await isBlockedAt(restored), false);
  });
});

describe("a journal", () => {
  const at = START;
  const notice = (seq: number, notices = 1, epoch = 1): JournalPlace => ({
    notices,
    startsEpoch: false,
    committed: { pos: { epoch, seq }, at },
  });
  const unplaced: JournalPlace = { notices: 1, startsEpoch: false, committed: null };
  const head = { epoch: 1, seq: 5 };

  it("is complete when every position after the backup's head is in it, whatever stands before [JRN-5]", () => {
    assert.deepEqual(completenessOf([], head), { missing: 0, reaches: head });
    assert.deepEqual(completenessOf([notice(3), notice(6), notice(9, 3)], head), {
      missing: 0,
      reaches: { epoch: 1, seq: 9 },
    });
  });

  it("lacks each position that no change of it has, the first after the head included [JRN-5]", () => {
    assert.equal(completenessOf([notice(7)], head).missing, 1);
    assert.equal(completenessOf([notice(6), notice(9, 2)], head).missing, 1);
    assert.equal(completenessOf([notice(6), notice(20)], head).missing, 13);
  });

  it("may have a change of unknown outcome where one is missing, and no more than one [JRN-5]", () => {
    assert.equal(completenessOf([notice(7), unplaced], head).missing, 0);
    assert.equal(completenessOf([notice(8), unplaced], head).missing, 1);
  });

  it("lacks nothing that an epoch has skipped [JRN-5]", () => {
    const epoch: JournalPlace = { ...notice(40, 1, 2), startsEpoch: true };
    assert.deepEqual(completenessOf([notice(6), epoch, notice(41, 1, 2)], head), {
      missing: 0,
      reaches: { epoch: 2, seq: 41 },
    });
    assert.equal(completenessOf([notice(6), epoch, notice(43, 1, 2)], head).missing, 2);
  });

  it("puts a change without a notice behind the notice that it saw, and what has no place last [JRN-5]", () => {
    const without: JournalPlace = { ...notice(6), notices: 0 };
    assert.deepEqual([unplaced, without, notice(7), notice(6)].toSorted(inJournalOrder), [
      notice(6),
      without,
      notice(7),
      unplaced,
    ]);
  });
});
