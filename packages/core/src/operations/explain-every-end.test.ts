// "Why was I logged out?" for every way in which a session or a client's part of it can end: the reason, who did it, what it rests on. The
// answer is the same before anybody wrote the end down and after.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { instantOf, secondsOf } from "../kernel/time.ts";
import type { LargeTarget, Target } from "../revocation/target.ts";
import { END_SENTENCES } from "../sessions/end-sentences.ts";
import type { PolicyNumbers } from "../sessions/policy.ts";
import type { PolicyName } from "../sessions/policy-row.ts";
import { END_REASONS, type EndReason } from "../sessions/session.ts";
import { aPolicy, TENANT, WEB } from "../testing/builders.ts";
import { aRevoke, aWorld, nextOf, opened, refreshed, refreshTextOf, theSession, type World } from "../testing/world.ts";
import { applyPolicy } from "./apply-policy.ts";
import { disableClient } from "./disable-client.ts";
import { beginErasure } from "./erase-subject.ts";
import { type Because, type Explanation, explainSession } from "./explain-session.ts";
import { putPolicy } from "./policies.ts";
import { revoke } from "./revoke.ts";
import { revokeMany } from "./revoke-many.ts";
import { settleRevocation } from "./settle-revocation.ts";
import { blockSubject, unblockSubject } from "./subjects.ts";
import { sweep } from "./sweep.ts";

const ADA = "ada" as SubjectId;
const WHY = { reason: "why", ticket: "SEC-81", actor: "ops" };
const TEST = "test" as PolicyName;

interface Told {
  readonly reason: EndReason;
  /** Whoever is named; null for nobody. */
  readonly actor: string | null;
  readonly ticket?: string;
  readonly because?: Because["kind"];
}

/** Ends the session of Ada that it opens, and names it. */
type Way = (world: World) => Promise<SessionId>;

async function ada(world: World, more: Parameters<typeof opened>[1] = {}): Promise<SessionId> {
  const { session } = await opened(world, { subject: ADA, ...more });
  world.wait(1000);
  return session.id;
}

const byTarget =
  (target: (id: SessionId) => Target, more: Partial<Parameters<typeof revoke>[1]> = {}): Way =>
  async (world) => {
    const id = await ada(world);
    assert.ok((await revoke(world, aRevoke([target(id)], { ...WHY, ...more }))).ok);
    return id;
  };

const byRun =
  (target: (world: World) => LargeTarget): Way =>
  async (world) => {
    const id = await ada(world, { device: { name: "phone", userAgent: null, ip: null } });
    const begun = await revokeMany(world, { target: target(world), ...WHY });
    assert.ok(begun.ok);
    await settled(world, begun.value.id);
    return id;
  };

async function settled(world: World, id: string): Promise<void> {
  for (let step = await settleRevocation(world, id, null); step.kind === "running"; )
    step = await settleRevocation(world, id, step.place);
}

const byPolicy =
  (edit: Partial<PolicyNumbers>, more: Parameters<typeof opened>[1] = {}): Way =>
  async (world) => {
    const id = await ada(world, more);
    world.wait(65_000);
    await opened(world, { subject: ADA, acr: "gold" });
    const put = await putPolicy(world, {
      name: TEST,
      edit: () => ({ ...aPolicy(), ...edit }),
      expectVersion: null,
      actor: null,
    });
    assert.ok(put.ok);
    const { version } = put.value.policy;
    assert.ok((await applyPolicy(world, { name: TEST, version, after: null, limit: 100, actor: "ops" })).ok);
    return id;
  };

/** Below one that ends in that way, at any depth. */
const below =
  (way: (world: World, above: SessionId) => Promise<unknown>, depth = 1): Way =>
  async (world) => {
    const above = await ada(world);
    let id = above;
    for (let level = 0; level < depth; level += 1) id = await ada(world, { parent: id, policy: "long" });
    await way(world, above);
    return id;
  };

const ways: readonly [title: string, way: Way, told: Told][] = [
  [
    "its owner signed out",
    byTarget(theSession, { endReason: "signed_out" }),
    { reason: "signed_out", actor: "ops", ticket: "SEC-81" },
  ],
  ["it was revoked", byTarget(theSession), { reason: "revoked", actor: "ops", ticket: "SEC-81" }],
  [
    "a query meant it",
    byRun(() => ({ kind: "query", query: { device: "phone" } })),
    { reason: "revoked", actor: "ops", ticket: "SEC-81" },
  ],
  [
    "everything before a time was revoked",
    byRun((world) => ({ kind: "before", time: world.now() })),
    { reason: "revoked", actor: "ops", ticket: "SEC-81" },
  ],
  [
    "everything before a position was revoked",
    async (world) => {
      const id = await ada(world);
      await revoke(world, aRevoke([{ kind: "token", jti: "x", expires: null }]));
      const { head } = await world.store.read([]);
      const begun = await revokeMany(world, { target: { kind: "before", pos: head.pos }, ...WHY });
      assert.ok(begun.ok);
      await settled(world, begun.value.id);
      return id;
    },
    { reason: "revoked", actor: "ops", ticket: "SEC-81" },
  ],
  [
    "the tenant was revoked",
    byRun(() => ({ kind: "tenant" })),
    { reason: "tenant_revoked", actor: "ops", ticket: "SEC-81" },
  ],
  [
    "its subject was revoked",
    byTarget(() => ({ kind: "subject", subject: ADA })),
    { reason: "subject_revoked", actor: "ops", ticket: "SEC-81" },
  ],
  [
    "its subject was revoked, and blocked and erased after that",
    async (world) => {
      const id = await byTarget(() => ({ kind: "subject", subject: ADA }))(world);
      world.wait(1000);
      const later = { subject: ADA, reason: "later", ticket: null, actor: "dpo" };
      assert.ok((await blockSubject(world, { ...later, until: null })).ok);
      await beginErasure(world, later);
      return id;
    },
    { reason: "subject_revoked", actor: "ops", ticket: "SEC-81" },
  ],
  [
    "its subject was blocked",
    async (world) => {
      const id = await ada(world);
      assert.ok((await blockSubject(world, { subject: ADA, until: null, ...WHY })).ok);
      return id;
    },
    { reason: "subject_blocked", actor: "ops", ticket: "SEC-81" },
  ],
  [
    "its subject was blocked, and is not any more",
    async (world) => {
      const id = await ada(world);
      assert.ok((await blockSubject(world, { subject: ADA, until: null, ...WHY })).ok);
      await unblockSubject(world, ADA, "other");
      await opened(world, { subject: ADA });
      return id;
    },
    { reason: "subject_blocked", actor: "ops", ticket: "SEC-81" },
  ],
  [
    "the erasure of its subject began",
    async (world) => {
      const id = await ada(world);
      await beginErasure(world, { subject: ADA, ...WHY });
      return id;
    },
    { reason: "subject_erased", actor: "ops", ticket: "SEC-81" },
  ],
  [
    "it was idle",
    async (world) => {
      const id = await ada(world);
      world.wait(200_000);
      return id;
    },
    { reason: "idle", actor: null, because: "idle" },
  ],
  [
    "it was as old as it may be",
    async (world) => {
      const one = await opened(world, { subject: ADA });
      let token = refreshTextOf(one);
      for (let n = 0; n < 19; n += 1) {
        world.wait(50_000);
        token = await nextOf(world, token);
      }
      world.wait(50_000);
      return one.session.id;
    },
    { reason: "absolute", actor: null, because: "absolute" },
  ],
  [
    "there were too many, and another was opened",
    async (world) => {
      const id = await ada(world);
      for (let n = 0; n < 3; n += 1) await ada(world);
      return id;
    },
    { reason: "evicted", actor: null, because: "opening" },
  ],
  [
    "another took its place",
    async (world) => {
      const id = await ada(world);
      await ada(world, { replaces: { session: id, carryClaims: false } });
      return id;
    },
    { reason: "replaced", actor: null, because: "opening" },
  ],
  [
    "a refresh token was used again",
    async (world) => {
      const one = await opened(world, { subject: ADA });
      const next = await nextOf(world, refreshTextOf(one));
      world.wait(40_000);
      await nextOf(world, next);
      await refreshed(world, refreshTextOf(one));
      return one.session.id;
    },
    { reason: "reuse", actor: null, because: "reuse" },
  ],
  [
    "its policy came to have other times",
    byPolicy({ idle: secondsOf(60) }),
    { reason: "policy_applied", actor: "ops", because: "policy" },
  ],
  [
    "its policy came to ask for more assurance",
    byPolicy({ requiredAcr: ["gold"] }, { acr: "silver" }),
    { reason: "policy_applied", actor: "ops", because: "policy" },
  ],
  [
    "its policy came to allow fewer",
    byPolicy({ maxSessions: 1 }),
    { reason: "policy_applied", actor: "ops", because: "policy" },
  ],
  [
    "the one above was revoked",
    below((world, above) => revoke(world, aRevoke([theSession(above)], WHY))),
    { reason: "ancestor_ended", actor: "ops", ticket: "SEC-81", because: "ancestor" },
  ],
  [
    "the one above was idle",
    below(async (world) => world.wait(200_000)),
    { reason: "ancestor_ended", actor: null, because: "ancestor" },
  ],
  [
    "the first of a line was revoked",
    below((world, above) => revoke(world, aRevoke([theSession(above)], WHY)), 2),
    { reason: "ancestor_ended", actor: "ops", ticket: "SEC-81", because: "ancestor" },
  ],
];

const aTown = (): Promise<World> =>
  aWorld(createMemoryStore, { more: [aPolicy({ name: "long", idle: secondsOf(900), maxSessions: 9 })] });

async function explained(world: World, id: SessionId): Promise<Explanation> {
  const answer = await explainSession(world.store, TENANT, id);
  assert.ok(answer.ok);
  return answer.value;
}

describe("a session is over because", () => {
  for (const [title, way, told] of ways)
    it(`${title}: ${told.reason}, told before the end is written down and after [WHY-1]`, async () => {
      const world = await aTown();
      const id = await way(world);
      const { end, by, because, families } = await explained(world, id);
      assert.deepEqual([end?.reason, end?.sentence], [told.reason, END_SENTENCES[told.reason]]);
      assert.deepEqual([by?.actor ?? null, by?.ticket ?? null], [told.actor, told.ticket ?? null]);
      assert.equal(because?.kind, told.because);
      assert.deepEqual(families, []);
      world.wait(2_000_000);
      const deps = { ...world, factsKept: 90 * 86_400_000 };
      for (let more = true; more; ) more = (await sweep(deps, world.now())).more;
      const after = await explained(world, id);
      assert.deepEqual([after.end, after.by, after.because], [end, by, because]);
    });

  it("of every reason there is a way here, but for those that end a family alone", () => {
    const shown = new Set(ways.map(([, , { reason }]) => reason));
    assert.deepEqual(
      END_REASONS.filter((reason) => !shown.has(reason)),
      ["client_revoked"],
    );
  });

  it("names the session that took its place, the rule of the policy, and which one above it was [WHY-1]", async () => {
    const expect = async (title: string, check: (because: Because | null, world: World) => void): Promise<void> => {
      const found = ways.find(([one]) => one === title);
      assert.ok(found !== undefined);
      const world = await aTown();
      check((await explained(world, await found[1](world))).because, world);
    };
    await expect("another took its place", (because) => assert.equal(because?.kind, "opening"));
    for (const [title, rule] of [
      ["its policy came to have other times", "lifetime"],
      ["its policy came to ask for more assurance", "acr"],
      ["its policy came to allow fewer", "limit"],
    ] as const)
      await expect(title, (because) => assert.deepEqual(because, { kind: "policy", policy: "test", version: 2, rule }));
    await expect("the first of a line was revoked", (because) =>
      assert.equal(because?.kind === "ancestor" && because.end.reason, "revoked"),
    );
  });
});

describe("a session that lives says of a client that gets nothing for it any more", () => {
  const parts: readonly [title: string, way: Way, reason: EndReason, actor: string | null][] = [
    [
      "that its family was revoked, by whom",
      async (world) => {
        const { session } = await opened(world, { subject: ADA });
        const [family] = session.families;
        assert.ok(family !== undefined);
        assert.ok((await revoke(world, aRevoke([{ kind: "family", session: session.id, family: family.id }], WHY))).ok);
        return session.id;
      },
      "revoked",
      "ops",
    ],
    [
      "that the client was revoked, before it was counted",
      byTarget(() => ({ kind: "client", client: WEB })),
      "client_revoked",
      null,
    ],
    [
      "that the client was revoked, by whom, when it was counted",
      async (world) => {
        const id = await ada(world);
        const done = await revoke(world, aRevoke([{ kind: "client", client: WEB }], WHY));
        assert.ok(done.ok);
        await settled(world, done.value.id);
        return id;
      },
      "client_revoked",
      "ops",
    ],
    [
      "that the client was disabled",
      async (world) => {
        const id = await ada(world);
        const done = await disableClient(world, WEB, "ops");
        assert.ok(done.ok);
        await settled(world, done.value.id);
        return id;
      },
      "client_revoked",
      "ops",
    ],
    [
      "that a refresh token was used again, where that ends a family",
      async (world) => {
        const one = await opened(world, { subject: ADA, policy: "family" });
        const next = await nextOf(world, refreshTextOf(one));
        world.wait(40_000);
        await nextOf(world, next);
        await refreshed(world, refreshTextOf(one));
        return one.session.id;
      },
      "reuse",
      null,
    ],
  ];
  for (const [title, way, reason, actor] of parts)
    it(`${title} [WHY-2]`, async () => {
      const world = await aWorld(createMemoryStore, { more: [aPolicy({ name: "family", onReuse: "family" })] });
      const started = world.now();
      const { end, families } = await explained(world, await way(world));
      assert.equal(end, null);
      const [one, ...more] = families;
      assert.deepEqual([one?.client, one?.reason, one?.sentence], [WEB, reason, END_SENTENCES[reason]]);
      assert.deepEqual([one?.by?.actor ?? null, more], [actor, []]);
      assert.ok((one?.at ?? instantOf(0)) >= started, "when is known");
    });
});
