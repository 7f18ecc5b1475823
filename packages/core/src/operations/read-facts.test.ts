import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { fact } from "../facts.ts";
import { Fault } from "../kernel/fault.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import type { FactReader } from "../readers/fact-reader.ts";
import { readerFromRow, readerKey } from "../readers/reader-row.ts";
import { record } from "../store/change.ts";
import type { StoredFact } from "../store/store.ts";
import { fixedDice, START, TENANT } from "../testing/builders.ts";
import { withMishaps } from "../testing/stores.ts";
import { listReaders, type ReadFactsDeps, readFacts } from "./read-facts.ts";

interface Stage extends ReadFactsDeps {
  readonly wait: (ms: number) => void;
  readonly append: (...kids: readonly string[]) => Promise<void>;
}

function aStage(): Stage {
  let now: Instant = START;
  const store = createMemoryStore({ clock: { now: () => now }, dice: fixedDice("store") });
  const dice = fixedDice("reader");
  return {
    store,
    dice,
    tenant: TENANT,
    wait: (ms) => {
      now = afterMs(now, ms);
    },
    append: (...kids) =>
      record(
        store,
        dice,
        kids.map((kid) => fact(TENANT, now, "key_created", { kid })),
      ),
  };
}

/** A reader that hears what it is told, unless it is asked not to. */
function hearing(
  heard: string[],
  { batch = 3, refuse = () => {} }: { readonly batch?: number; readonly refuse?: (kid: string) => void } = {},
): FactReader {
  const kidOf = ({ body }: StoredFact): string => (JSON.parse(body) as { kid: string }).kid;
  return {
    name: "hearing",
    batch,
    deliver: async (facts) => {
      for (const one of facts) refuse(kidOf(one));
      heard.push(...facts.map(kidOf));
    },
  };
}

describe("a reader of the facts", () => {
  it("gets every fact once, in order, in batches, and goes on with what comes later", async () => {
    const stage = aStage();
    const heard: string[] = [];
    await stage.append("1", "2", "3", "4");
    assert.deepEqual(await readFacts(stage, hearing(heard)), { taken: 3, more: true, failed: null });
    assert.deepEqual(await readFacts(stage, hearing(heard)), { taken: 1, more: false, failed: null });
    assert.deepEqual(await readFacts(stage, hearing(heard)), { taken: 0, more: false, failed: null });
    await stage.append("5");
    await readFacts(stage, hearing(heard));
    assert.deepEqual(heard, ["1", "2", "3", "4", "5"]);
  });

  it("has a cursor of its own: another begins at the start", async () => {
    const stage = aStage();
    await stage.append("1", "2");
    await readFacts(stage, hearing([]));
    const other: string[] = [];
    await readFacts(stage, { ...hearing(other), name: "other" });
    assert.deepEqual(other, ["1", "2"]);
  });

  it("gets facts again whose cursor was not committed, and none is lost", async () => {
    const stage = aStage();
    const heard: string[] = [];
    await stage.append("1", "2");
    await assert.rejects(
      readFacts({ ...stage, store: withMishaps(stage.store, ["failed", "failed"]) }, hearing(heard)),
      Fault,
    );
    await readFacts(stage, hearing(heard));
    assert.deepEqual(heard, ["1", "2", "1", "2"]);
  });

  it("waits after a fault, longer each time, until a minute, and lays nothing aside", async () => {
    const stage = aStage();
    const heard: string[] = [];
    let down = true;
    const reader = hearing(heard, {
      refuse: () => {
        if (down) throw new Fault("store_unavailable");
      },
    });
    await stage.append("1");
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]) {
      assert.ok((await readFacts(stage, reader)).failed instanceof Fault);
      stage.wait(wait - 1);
      assert.deepEqual(await readFacts(stage, reader), { taken: 0, more: false, failed: null });
      stage.wait(1);
    }
    down = false;
    await readFacts(stage, reader);
    assert.deepEqual(heard, ["1"]);
    const { readers, deadLetters } = await listReaders(stage.store, TENANT, 10);
    assert.deepEqual([readers[0]?.failures, readers[0]?.retryAt, deadLetters], [0, null, []]);
  });

  it("lays aside the one fact that it can't take after eight tries, visibly, and takes all others", async () => {
    const stage = aStage();
    const heard: string[] = [];
    const reader = hearing(heard, {
      refuse: (kid) => {
        if (kid === "3") throw new TypeError("poison");
      },
    });
    await stage.append("1", "2", "3", "4");
    for (let tries = 0; tries < 20; tries += 1) {
      await readFacts(stage, reader);
      stage.wait(60_000);
    }
    assert.deepEqual(heard, ["1", "2", "4"]);
    const { readers, deadLetters } = await listReaders(stage.store, TENANT, 10);
    assert.equal(readers[0]?.laidAside, 1);
    assert.deepEqual(
      deadLetters.map(({ reader: name, kind }) => [name, kind]),
      [["hearing", "key_created"]],
    );
  });

  it("takes facts one by one after a batch that it could not take, and in batches again after those", async () => {
    const stage = aStage();
    const heard: string[] = [];
    const poison = new TypeError("poison");
    const left = [poison];
    const reader = hearing(heard, {
      refuse: (kid) => {
        const one = kid === "2" ? left.pop() : undefined;
        if (one !== undefined) throw one;
      },
    });
    await stage.append("1", "2", "3", "4", "5");
    assert.deepEqual(await readFacts(stage, reader), { taken: 0, more: false, failed: poison });
    const taken: number[] = [];
    for (let step = 0; step < 4; step += 1) taken.push((await readFacts(stage, reader)).taken);
    assert.deepEqual(taken, [1, 1, 1, 2]);
    assert.deepEqual(heard, ["1", "2", "3", "4", "5"]);
  });

  it("tries one fact eight times before it lays it aside, and no oftener", async () => {
    const stage = aStage();
    let tries = 0;
    const reader = hearing([], {
      refuse: () => {
        tries += 1;
        throw new TypeError("poison");
      },
    });
    await stage.append("1");
    const asideNow = async (): Promise<number | undefined> =>
      (await listReaders(stage.store, TENANT, 10)).readers[0]?.laidAside;
    for (let step = 1; step <= 7; step += 1) {
      await readFacts(stage, reader);
      assert.equal(await asideNow(), 0);
      stage.wait(60_000);
    }
    await readFacts(stage, reader);
    stage.wait(60_000);
    await readFacts(stage, reader);
    assert.deepEqual([tries, await asideNow()], [8, 1]);
  });

  it("is moved by one node only, when two are at it", async () => {
    const stage = aStage();
    await stage.append("1", "2");
    const steps = await Promise.all([readFacts(stage, hearing([])), readFacts(stage, hearing([]))]);
    assert.deepEqual(
      steps.map(({ taken }) => taken).toSorted((a, b) => a - b),
      [0, 2],
    );
    const row = (await stage.store.read([readerKey(TENANT, "hearing")])).get(readerKey(TENANT, "hearing"));
    assert.equal(readerFromRow(row).failures, 0);
  });

  it("of a layout that a later release wrote is not read as if it were ours", () => {
    const key = readerKey(TENANT, "hearing");
    const row = {
      key,
      value: '{"layout":2}',
      version: 1,
      attempt: "A",
      notBefore: null,
      raisedAt: null,
      expires: null,
    };
    assert.throws(() => readerFromRow(row), /layout/);
  });
});
