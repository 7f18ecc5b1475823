// P4 and R-09 under any order of reads and commits: fast-check chooses who goes next. The same properties must find stores that don't compare.

import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import fc from "fast-check";
import { Fault } from "../kernel/fault.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import type { Store } from "../store/store.ts";
import { TENANT } from "../testing/builders.ts";
import { counting, goneAfter, inTurns, type Mishap, withMishaps, withoutComparing } from "../testing/stores.ts";
import {
  accessTextOf,
  anOpening,
  aRevoke,
  aWorld,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { openSession } from "./open-session.ts";
import type { Refreshed } from "./refresh.ts";
import { revoke } from "./revoke.ts";

type Wrap = (store: Store) => Store;
const asItIs: Wrap = (store) => store;

function successors(answers: readonly Refreshed[]): readonly string[] {
  return answers.map((answer) => {
    if (answer.kind !== "granted") throw new Error(answer.kind === "refused" ? answer.outcome : answer.code);
    return refreshTextOf(answer);
  });
}

describe("refreshes of one token at once", () => {
  for (const racers of [2, 8, 64]) {
    it(`(${racers}) make one new generation, and everybody gets it byte for byte [RT-7] [RT-13] [R-01] [REF-13]`, async () => {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world);
      const { store, changes } = counting(world.store);
      const nodes = Array.from({ length: 3 }, () => world.node(store));
      const answers = await Promise.all(
        Array.from({ length: racers }, (_, index) => refreshed(nodes[index % 3] ?? world, refreshTextOf(one))),
      );
      const tokens = successors(answers);
      assert.equal(new Set(tokens).size, 1);
      assert.equal(answers.filter((answer) => answer.kind === "granted" && answer.outcome === "rotated").length, 1);
      const key = sessionKey(one.session);
      const row = (await world.store.read([key])).get(key);
      assert.equal(row === undefined ? 0 : sessionFromRow(row).families[0]?.generation, 2);
      assert.ok(changes().length >= 1);
      assert.equal((await world.facts()).filter((fact) => fact.kind === "token_refreshed").length, 1);
      // And the session goes on with what any of them got.
      assert.equal((await refreshed(world, tokens.at(-1) ?? "")).kind, "granted");
    });
  }

  it("leave a session that lives on, whoever used what they got first [R-02]", async () => {
    const world = await aWorld(createMemoryStore);
    let token = refreshTextOf(await opened(world));
    for (let round = 0; round < 20; round += 1) {
      const answers = await Promise.all(Array.from({ length: 4 }, () => refreshed(world, token)));
      token = successors(answers)[0] ?? "";
      world.wait(1000);
    }
    assert.deepEqual(await world.notices(), []);
  });
});

/** Any order of all reads and commits; at most one new generation, and all grants give it. */
const oneSuccessor = (wrap: Wrap, runs: number) => ({
  property: fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const turn = scheduler.scheduleFunction(async (_what: string) => undefined);
    const store = inTurns(wrap(world.store), turn);
    const racing = Promise.all([0, 1, 2, 3].map(() => refreshed(world.node(store), refreshTextOf(one))));
    const answers = await scheduler.waitFor(racing);
    assert.equal(new Set(successors(answers)).size, 1);
    const rotations = (await world.facts()).filter((fact) => fact.kind === "token_refreshed");
    assert.equal(rotations.length, 1);
  }),
  settings: { numRuns: runs },
});

test("whatever the order, a generation gets one child [RT-7] [R-01]", async () => {
  const { property, settings } = oneSuccessor(asItIs, 40);
  await fc.assert(property, settings);
});

test("the property finds a store that writes without comparing [RT-7]", async () => {
  const { property, settings } = oneSuccessor(withoutComparing, 40);
  assert.equal((await fc.check(property, settings)).failed, true);
});

/** Everything that a racer was given, judged after the revocation was acknowledged. */
async function nothingLives(world: World, answers: readonly Refreshed[]): Promise<void> {
  for (const answer of answers) {
    if (answer.kind !== "granted") continue;
    assert.equal(await judgeAccessToken(world, accessTextOf(answer)), undefined);
    const again = await refreshed(world, refreshTextOf(answer));
    assert.notEqual(again.kind, "granted");
  }
}

/** Refreshes race a revocation of the session, its family, its subject or its client. */
const nothingAfterwards = (wrap: Wrap, runs: number) => ({
  property: fc.asyncProperty(
    fc.scheduler(),
    fc.constantFrom("session", "family", "subject", "client" as const),
    async (scheduler, kind) => {
      const world = await aWorld(createMemoryStore);
      const { session, tokens } = await opened(world);
      const family = session.families[0];
      assert.ok(family !== undefined);
      const target = {
        session: theSession(session.id),
        family: { kind: "family", session: session.id, family: family.id },
        subject: { kind: "subject", subject: session.subject },
        client: { kind: "client", client: family.client },
      } as const;
      const store = inTurns(
        wrap(world.store),
        scheduler.scheduleFunction(async (_what: string) => undefined),
      );
      const token = refreshTextOf({ tokens });
      const chain = async (): Promise<readonly Refreshed[]> => {
        const first = await refreshed(world.node(store), token);
        if (first.kind !== "granted") return [first];
        return [first, await refreshed(world.node(store), refreshTextOf(first))];
      };
      const ending = revoke(world.node(store), aRevoke([target[kind]]));
      const all = Promise.all([chain(), chain(), ending]);
      const [one, two, ended] = await scheduler.waitFor(all);
      assert.equal(ended.ok, true);
      await nothingLives(world, [...one, ...two]);
    },
  ),
  settings: { numRuns: runs },
});

test("a refresh that races a revocation leaves nothing alive once it was acknowledged, whatever the order [R-09]", async () => {
  const { property, settings } = nothingAfterwards(asItIs, 120);
  await fc.assert(property, settings);
});

test("the property finds a store that writes without comparing [R-09]", async () => {
  const { property, settings } = nothingAfterwards(withoutComparing, 120);
  assert.equal((await fc.check(property, settings)).failed, true);
});

describe("a refresh whose commit goes wrong", () => {
  const mishaps = fc.array(fc.constantFrom<Mishap[]>("lost", "kept", "conflict"), { maxLength: 4 });

  it("loses nothing and doubles nothing, whatever was lost or kept in between [R-04]", async () => {
    await fc.assert(
      fc.asyncProperty(mishaps, async (list) => {
        const world = await aWorld(createMemoryStore);
        const one = await opened(world);
        const answer = await refreshed(world.node(withMishaps(world.store, list)), refreshTextOf(one));
        assert.ok(answer.kind === "granted");
        assert.equal((await world.facts()).filter((fact) => fact.kind === "token_refreshed").length, 1);
        assert.equal((await refreshed(world, refreshTextOf(answer))).kind, "granted");
      }),
      { numRuns: 60 },
    );
  });

  it("is a fault when nothing could be written, and the token is not used up", async () => {
    for (const mishap of ["failed", "full"] as const) {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world);
      const node = world.node(withMishaps(world.store, [mishap]));
      await assert.rejects(refreshed(node, refreshTextOf(one)), Fault);
      const again = await refreshed(world, refreshTextOf(one));
      assert.ok(again.kind === "granted" && again.outcome === "rotated");
    }
  });

  it("is a fault when the store is gone before the answer is known, and the retry gets what was made", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const node = world.node(withMishaps(goneAfter(world.store, 1), ["kept"]));
    await assert.rejects(refreshed(node, refreshTextOf(one)), Fault);
    const again = await refreshed(world, refreshTextOf(one));
    assert.ok(again.kind === "granted" && again.outcome === "retried");
  });

  it("of an opening opens one session all the same", async () => {
    await fc.assert(
      fc.asyncProperty(mishaps, async (list) => {
        const world = await aWorld(createMemoryStore);
        const answer = await openSession(world.node(withMishaps(world.store, list)), anOpening());
        assert.ok(answer.ok);
        const rows = await world.store.list({ tenant: TENANT, kind: "session", limit: 10 });
        assert.equal(rows.length, 1);
        assert.equal((await world.facts()).filter((fact) => fact.kind === "session_opened").length, 1);
        assert.notEqual(await nextOf(world, refreshTextOf(answer.value)), "");
      }),
      { numRuns: 40 },
    );
  });
});
