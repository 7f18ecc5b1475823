import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { secondsOf } from "../kernel/time.ts";
import type { Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { aPolicy, TENANT } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import {
  accessTextOf,
  aWorld,
  type Deps,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { type Refreshed } from "./refresh.ts";

async function said(answer: Refreshed | Promise<Refreshed>): Promise<string> {
  const done = await answer;
  return done.kind === "denied" ? done.code : done.outcome;
}

async function lastFact(world: World): Promise<readonly [string, unknown]> {
  const fact = (await world.facts()).at(-1);
  return [fact?.kind ?? "", JSON.parse(fact?.body ?? "null")];
}

/** The version of the session's row: nothing was written while it stays. */
async function versionOf(world: Deps, id: Parameters<typeof theSession>[0]): Promise<number | undefined> {
  const key = sessionKey({ tenant: TENANT, id });
  return (await world.store.read([key])).get(key)?.version;
}

describe("a refresh", () => {
  it("of the current generation rotates it, in one change of one row with one fact [RT-O4] [REF-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const { store, reads, changes } = counting(world.store);
    const answer = await refreshed(world.node(store), refreshTextOf(one));
    assert.equal(await said(answer), "rotated");
    assert.deepEqual([reads(), changes().length], [1, 1]);
    const rows = changes()[0]?.rows ?? [];
    assert.deepEqual(
      rows.map(({ key, next }) => [key.kind, next === "same"]),
      [
        ["session", false],
        ["client", true],
        ["subject", true],
      ],
    );
    const body = { family: one.session.families[0]?.id, generation: 2, outcome: "rotated" };
    assert.deepEqual(await lastFact(world), ["token_refreshed", body]);
  });

  it("hands out no session token, which it did not ask for [ST-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const issue = { access: true, refresh: true, sessionToken: true };
    const answer = await refreshed(world, refreshTextOf(await opened(world, { issue })));
    assert.equal(answer.kind === "granted" && answer.tokens.sessionToken, null);
  });

  it("of a public client always rotates [RT-12] [REF-3]", async () => {
    const world = await aWorld(createMemoryStore);
    let token = refreshTextOf(await opened(world));
    const seen = new Set([token]);
    for (let count = 0; count < 10; count += 1) {
      token = await nextOf(world, token);
      assert.equal(seen.has(token), false);
      seen.add(token);
    }
  });

  it("whose answer was lost gets the same refresh token, byte for byte, and writes nothing [RT-O5] [RT-2] [R-04] [REF-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const next = await nextOf(world, refreshTextOf(one));
    const version = await versionOf(world, one.session.id);
    for (const ms of [0, 1, 29_998]) {
      world.wait(ms);
      const again = await refreshed(world, refreshTextOf(one));
      assert.equal(await said(again), "retried");
      assert.ok(again.kind === "granted");
      assert.equal(refreshTextOf(again), next);
      assert.notEqual(await judgeAccessToken(world, accessTextOf(again)), undefined);
    }
    assert.equal(await versionOf(world, one.session.id), version);
  });

  it("of a device that slept recovers, and the token it never saw becomes reuse [RT-O6] [RT-O8]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const unseen = await nextOf(world, refreshTextOf(one));
    world.wait(30_000);
    const recovered = await refreshed(world, refreshTextOf(one));
    assert.equal(await said(recovered), "recovered");
    assert.ok(recovered.kind === "granted");
    assert.notEqual(refreshTextOf(recovered), unseen);
    assert.equal(await said(refreshed(world, unseen)), "reused");
    assert.equal(await said(refreshed(world, refreshTextOf(recovered))), "ended");
  });

  it("of a delayed tab is refused and nothing ends [RT-O7]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const second = await nextOf(world, refreshTextOf(one));
    const third = await nextOf(world, second);
    const { store, changes } = counting(world.store);
    assert.equal(await said(refreshed(world.node(store), refreshTextOf(one))), "superseded");
    assert.deepEqual(changes(), []);
    assert.equal(await said(refreshed(world, third)), "rotated");
  });

  it("of a stolen token ends the session and its access tokens, with one notice, and records it [RT-O8] [REF-4] [REF-15]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const second = await nextOf(world, refreshTextOf(one));
    await nextOf(world, second);
    world.wait(30_000);
    const third = await refreshed(world, second);
    assert.ok(third.kind === "granted");
    assert.equal(await said(refreshed(world, refreshTextOf(one))), "reused");
    assert.deepEqual(
      (await world.notices()).map((notice) => notice.taking),
      [{ kind: "session", sid: one.session.id }],
    );
    assert.deepEqual(
      (await world.facts()).slice(-2).map(({ kind, body }) => [kind, JSON.parse(body)]),
      [
        ["refresh_refused", { family: one.session.families[0]?.id, generation: 1, outcome: "reused", client: "web" }],
        ["session_ended", { reason: "reuse", at_ms: world.now(), revocation: null }],
      ],
    );
    assert.equal(await said(refreshed(world, refreshTextOf(third))), "ended");
    assert.equal(await judgeAccessToken(world, accessTextOf(third)), undefined);
  });

  it("of a stolen token ends the family alone where the policy says so [RT-O8]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ onReuse: "family" }) });
    const one = await opened(world);
    await nextOf(world, await nextOf(world, refreshTextOf(one)));
    world.wait(30_000);
    assert.equal(await said(refreshed(world, refreshTextOf(one))), "reused");
    const fam = one.session.families[0]?.id;
    assert.deepEqual(
      (await world.notices()).map((notice) => notice.taking),
      [{ kind: "family", sid: one.session.id, fam }],
    );
    assert.deepEqual(await lastFact(world), ["family_ended", { family: fam, reason: "reuse", revocation: null }]);
  });

  it("that asks for too much is reuse all the same, when it is [RT-O8] [R-05]", async () => {
    for (const wider of [{ scope: ["admin"] }, { audience: ["https://billing.example"] }]) {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world);
      await nextOf(world, await nextOf(world, refreshTextOf(one)));
      world.wait(30_000);
      assert.equal(await said(refreshed(world, refreshTextOf(one), wider)), "reused");
    }
  });

  it("on a node that never saw the session, and after a restart, finds the same [R-14] [R-15] [RT-O8]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    await nextOf(world.node(), await nextOf(world.node(), refreshTextOf(one)));
    world.wait(30_000);
    assert.equal(await said(refreshed(world.node(), refreshTextOf(one))), "reused");
  });

  it("of a generation that the store has lost goes on after it, in a new epoch [RT-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const key = sessionKey(one.session);
    const third = await nextOf(world, await nextOf(world, refreshTextOf(one)));
    const now = (await world.store.read([key])).get(key);
    assert.ok(now !== undefined);
    const back = { key, expect: now.version, next: sessionToRow(one.session, 0) };
    await world.store.commit([{ attempt: "restored", rows: [back], notices: [], facts: [] }]);
    const answer = await refreshed(world, third);
    assert.equal(await said(answer), "rotated");
    assert.ok(answer.kind === "granted" && answer.regressed);
    assert.equal(answer.family.generation, 4);
    const kinds = (await world.facts()).slice(-3).map((fact) => fact.kind);
    assert.deepEqual(kinds, ["token_refreshed", "store_regressed", "epoch_started"]);
    const family = one.session.families[0]?.id;
    assert.deepEqual(
      (await world.facts()).slice(-3).map(({ body }) => JSON.parse(body)),
      [
        { family, generation: 4, outcome: "rotated" },
        { family, shown: 3, known: 1 },
        { cause: "store_regressed", epoch: 2 },
      ],
    );
    assert.deepEqual(
      (await world.notices()).map(({ pos, taking }) => [pos, taking]),
      [[{ epoch: 2, seq: 1 }, { kind: "epoch" }]],
    );
    assert.equal(await said(refreshed(world, refreshTextOf(answer))), "rotated");
  });

  it("of generations that the store has lost begins one epoch for one loss, and another for a later one [RT-11]", async () => {
    const policy = aPolicy({ idle: secondsOf(2000), absolute: secondsOf(10_000) });
    const world = await aWorld(createMemoryStore, { policy });
    /** What brings the session's row back to where it is now. */
    const kept = async ({ id }: Session): Promise<() => Promise<void>> => {
      const key = sessionKey({ tenant: TENANT, id });
      const row = (await world.store.read([key])).get(key) ?? assert.fail();
      const was = sessionFromRow(row);
      return async () => {
        const expect = (await world.store.read([key])).get(key)?.version ?? assert.fail();
        const back = { key, expect, next: sessionToRow(was, 0) };
        await world.store.commit([{ attempt: "restored", rows: [back], notices: [], facts: [] }]);
      };
    };
    const epochs = async (): Promise<number> =>
      (await world.notices()).filter(({ taking }) => taking.kind === "epoch").length;
    const [one, other, third] = [await opened(world), await opened(world), await opened(world)];
    const losses = [await kept(one.session), await kept(other.session), await kept(third.session)];
    world.wait(1000);
    const shown = [];
    for (const each of [one, other, third]) shown.push(await nextOf(world, refreshTextOf(each)));
    world.wait(1000);
    for (const loss of losses) await loss();
    const texts = [];
    for (const text of shown) texts.push(await nextOf(world, text));
    assert.equal(await epochs(), 1);
    assert.equal((await world.facts()).filter(({ kind }) => kind === "store_regressed").length, 3);
    // What was made at the very instant at which that epoch began: nobody knows whether it was for this.
    const [again, last] = [await kept(one.session), await kept(other.session)];
    world.wait(1000);
    const [later, latest] = [await nextOf(world, texts[0] ?? ""), await nextOf(world, texts[1] ?? "")];
    await again();
    await last();
    await nextOf(world, later);
    assert.equal(await epochs(), 2);
    // By now one has begun since, and a short while ago.
    const idle = await kept(third.session);
    world.wait(10 * 60 * 1000 - 1);
    await nextOf(world, latest);
    assert.equal(await epochs(), 2);
    // The generation that the store knows is older than that epoch, and what is lost now was acknowledged after it.
    const lost = await nextOf(world, texts[2] ?? "");
    await idle();
    world.wait(1);
    await nextOf(world, lost);
    assert.equal(await epochs(), 3);
  });
});
