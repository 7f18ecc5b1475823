// Each way in which a token can be no good, at the server itself.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FamilyId, SubjectId } from "../kernel/ids.ts";
import { afterMs, instantOf } from "../kernel/time.ts";
import { generateSigningKey, openSigningKey } from "../keys/signing.ts";
import { alterSession } from "../operations/alter-session.ts";
import { disableClient } from "../operations/disable-client.ts";
import { startEpoch } from "../operations/start-epoch.ts";
import { sessionKey } from "../sessions/session-row.ts";
import type { RowKey } from "../store/store.ts";
import { WEB } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import { accessTextOf, aWorld, type Deps, opened, revoked, theSession, type World } from "../testing/world.ts";
import { isSigned, judgeAccessToken, presentedAccessToken, readAccessToken } from "./judge-access-token.ts";

type Opened = Awaited<ReturnType<typeof opened>>;

async function isLive(deps: Deps, token: string): Promise<boolean> {
  return (await judgeAccessToken(deps, token)) !== undefined;
}

it("a token that was read beside the keys of before is judged by those that came since, which remember nothing of it", async () => {
  const world = await aWorld(createMemoryStore);
  const token = accessTextOf(await opened(world));
  assert.ok(await isLive(world, token));
  const presented = presentedAccessToken(world, token) ?? assert.fail();
  assert.equal(presented.jws, undefined, "it is remembered");
  const since = world.node().keys.open(await world.store.read(presented.rows));
  assert.ok(isSigned(since, presented));
});

describe("a token is taken away", () => {
  const ways: readonly [title: string, take: (world: World, one: Opened, parent: Opened) => Promise<unknown>][] = [
    ["with its session", (world, one) => revoked(world, theSession(one.session.id))],
    ["with its parent session", (world, _, parent) => revoked(world, theSession(parent.session.id))],
    [
      "with its family",
      (world, one) =>
        revoked(world, {
          kind: "family",
          session: one.session.id,
          family: one.session.families[0]?.id ?? ("" as FamilyId),
        }),
    ],
    [
      "by its own name",
      (world, one) => revoked(world, { kind: "token", jti: one.tokens.access?.jti ?? "", expires: null }),
    ],
    ["with its subject", (world, one) => revoked(world, { kind: "subject", subject: one.session.subject })],
    ["with its client", (world) => revoked(world, { kind: "client", client: WEB })],
    ["when its client is disabled", (world) => disableClient(world, WEB, null)],
    [
      "when its session is altered",
      (world, one) =>
        alterSession(world, {
          session: one.session.id,
          alteration: { acr: "x" },
          expectVersion: null,
          revocationId: "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6",
          actor: null,
        }),
    ],
    [
      "when its parent session is altered",
      (world, _, parent) =>
        alterSession(world, {
          session: parent.session.id,
          alteration: { acr: "x" },
          expectVersion: null,
          revocationId: "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6",
          actor: null,
        }),
    ],
    ["by a new epoch", (world) => startEpoch(world, { epoch: 1, seq: 0 }, "restore")],
    [
      "when the row of its session is gone",
      (world, one) =>
        world.store.commit([
          {
            attempt: "gone",
            rows: [{ key: sessionKey(one.session), expect: 1, next: "gone" }],
            notices: [],
            facts: [],
          },
        ]),
    ],
    [
      "when the row of its parent is gone",
      (world, _, parent) =>
        world.store.commit([
          {
            attempt: "gone",
            rows: [{ key: sessionKey(parent.session), expect: 1, next: "gone" }],
            notices: [],
            facts: [],
          },
        ]),
    ],
  ];
  for (const [title, take] of ways) {
    it(`${title}, and no other is`, async () => {
      const world = await aWorld(createMemoryStore);
      const parent = await opened(world);
      const one = await opened(world, { parent: parent.session.id });
      const token = accessTextOf(one);
      assert.equal(await isLive(world, token), true);
      await take(world, one, parent);
      assert.equal(await isLive(world, token), false);
      const other = await opened(
        { ...world, ...world.node() },
        { client: "backend" as typeof WEB, subject: "u-82" as SubjectId },
      );
      assert.equal(await isLive(world, accessTextOf(other)), true);
    });
  }
});

describe("a token in time", () => {
  it("is good until one millisecond before its end with skew, and not at it [AT-V5] [J-26] [JAT-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { issue: { access: true, refresh: false } });
    const end = (one.tokens.access?.expires ?? 0) + 5_000;
    for (const [ms, live] of [
      [-1, true],
      [0, false],
      [1, false],
    ] as const) {
      world.setNow(instantOf(end + ms));
      assert.equal(await isLive(world, accessTextOf(one)), live);
    }
  });

  it("is not good when it was issued further ahead than the skew [AT-V5] [J-27]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const issued = world.now();
    for (const [ms, live] of [
      [-5_000, true],
      [-5_001, false],
    ] as const) {
      world.setNow(afterMs(issued, ms));
      assert.equal(await isLive(world, accessTextOf(one)), live);
    }
  });
});

/** The same token with other claims and another type, signed by our own key. */
function signedAgain(world: World, good: string, changes: object, typ = "at+jwt"): string {
  const [head = "", body = ""] = good.split(".");
  const keys = world.keys.latest();
  assert.ok(keys !== undefined);
  const read = (part: string): object => JSON.parse(Buffer.from(part, "base64url").toString()) as object;
  const input = [
    { ...read(head), typ },
    { ...read(body), ...changes },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${input}.${Buffer.from(keys.signer.sign(input)).toString("base64url")}`;
}

describe("a token that our key signed", () => {
  it("is good under either name of its type, in any case [AT-V1]", async () => {
    const world = await aWorld(createMemoryStore);
    const good = accessTextOf(await opened(world));
    for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt", "Application/at+JWT"])
      assert.equal(await isLive(world, signedAgain(world, good, {}, typ)), true, typ);
  });

  it("is not good before its nbf with skew, without a lifetime, or with one that is too long [AT-V5]", async () => {
    const world = await aWorld(createMemoryStore);
    const good = accessTextOf(await opened(world));
    const iat = Math.floor(world.now() / 1000);
    const skew = world.issuer.skew;
    world.setNow(instantOf(iat * 1000));
    const longest = world.issuer.longestToken;
    for (const [changes, live] of [
      [{ nbf: iat + skew }, true],
      [{ nbf: iat + skew + 1 }, false],
      [{ iat, exp: iat + 1 }, true],
      [{ iat, exp: iat }, false],
      [{ iat, exp: iat + longest }, true],
      [{ iat, exp: iat + longest + 1 }, false],
    ] as const)
      assert.equal(await isLive(world, signedAgain(world, good, changes)), live, JSON.stringify(changes));
  });

  it("is no good with a client's or a session's name that can't be one, or a family that its session has not", async () => {
    const world = await aWorld(createMemoryStore);
    const good = accessTextOf(await opened(world));
    for (const changes of [{ client_id: "\u0000" }, { client_id: "nobody" }, { fam: "AAAAAA" }])
      assert.equal(await isLive(world, signedAgain(world, good, changes)), false, JSON.stringify(changes));
  });
});

describe("rows that are read along with a token's", () => {
  it("come with the same read, none is asked for twice, and nobody names any for what is refused without a read", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const other = await opened(world);
    const token = accessTextOf(one);
    const asked: (readonly RowKey[])[] = [];
    const store: typeof world.store = {
      ...world.store,
      read: (keys) => {
        asked.push(keys);
        return world.store.read(keys);
      },
    };
    const deps = { ...world, store };
    assert.ok((await readAccessToken(deps, token)) !== undefined);
    const [own = []] = asked;
    const known = sessionKey(one.session);
    const news: readonly RowKey[] = [
      sessionKey(other.session),
      { ...known, kind: "client" },
      { ...known, tenant: "other" as typeof known.tenant },
    ];
    const clients: string[] = [];
    const read = await readAccessToken(deps, token, (client) => {
      clients.push(client);
      return [known, ...news, ...own];
    });
    assert.deepEqual(asked[1], [...own, ...news]);
    assert.deepEqual(clients, [WEB]);
    assert.equal(read?.snapshot.get(sessionKey(other.session))?.key.id, other.session.id);
    const forged = `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(86)}`;
    assert.equal(await readAccessToken(deps, forged, (client) => [clientOf(client)]), undefined);
    assert.equal(asked.length, 2);

    function clientOf(client: string): RowKey {
      clients.push(client);
      return known;
    }
  });
});

describe("a text that is no token of ours", () => {
  it("is refused without touching the store [AT-V1] [J-33]", async () => {
    const world = await aWorld(createMemoryStore);
    const good = accessTextOf(await opened(world));
    const [head = "", body = "", signature = ""] = good.split(".");
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const header = JSON.parse(Buffer.from(head, "base64url").toString()) as Record<string, unknown>;
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
    const { store, reads } = counting(world.store);
    const node = { ...world.node(store), keys: world.keys };
    const texts = [
      "",
      "x",
      `${good}=`,
      `${good}.`,
      `${head}.${body}.`,
      `${encode({ ...header, alg: "none" })}.${body}.`,
      `${encode({ ...header, alg: "none" })}.${body}.${signature}`,
      `${encode({ ...header, alg: "HS256" })}.${body}.${signature}`,
      `${encode({ ...header, typ: "JWT" })}.${body}.${signature}`,
      `${encode({ ...header, jwk: {} })}.${body}.${signature}`,
      `${encode({ ...header, crit: ["exp"] })}.${body}.${signature}`,
      `${head}.${encode({ ...claims, sub: "u-1" })}.${signature}`,
      `${head}.${encode({ ...claims, iss: "https://evil.example" })}.${signature}`,
      `${head}.${body}.${"A".repeat(86)}`,
    ];
    for (const text of texts) assert.equal(await isLive(node, text), false, text);
    assert.equal(reads(), 0);
  });

  it("signed by a stranger is refused, under our kid or its own [AT-V3] [AT-V4] [J-34] [JAT-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const good = accessTextOf(await opened(world));
    const [head = "", body = ""] = good.split(".");
    const stranger = openSigningKey(generateSigningKey());
    const own = Buffer.from(JSON.stringify({ alg: "ES256", typ: "at+jwt", kid: stranger.kid })).toString("base64url");
    for (const first of [head, own]) {
      const input = `${first}.${body}`;
      const text = `${input}.${Buffer.from(stranger.signer.sign(input)).toString("base64url")}`;
      assert.equal(await isLive(world, text), false);
      assert.equal(await isLive(world.node(), text), false);
    }
  });

  it("brings its own key, or says where to find one, and is refused by that [JWKS-7] [J-10] [J-11] [AT-V1]", async () => {
    const world = await aWorld(createMemoryStore);
    const [, body = ""] = accessTextOf(await opened(world)).split(".");
    const stranger = openSigningKey(generateSigningKey());
    for (const pointer of [
      { jwk: stranger.jwk },
      { jku: "https://evil.example/keys" },
      { x5c: ["MIIB"] },
      { x5u: "file:///etc/passwd" },
    ]) {
      const header = { alg: "ES256", typ: "at+jwt", kid: stranger.kid, ...pointer };
      const input = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${body}`;
      assert.equal(
        await isLive(world.node(), `${input}.${Buffer.from(stranger.signer.sign(input)).toString("base64url")}`),
        false,
      );
    }
  });

  it("is bound to a key, and nobody checks its proof here [AT-V6] [JAT-12] [J-32]", async () => {
    const world = await aWorld(createMemoryStore);
    const good = accessTextOf(await opened(world));
    const [head = "", body = ""] = good.split(".");
    const keys = world.keys.latest();
    assert.ok(keys !== undefined);
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
    for (const [changes, live] of [
      [{}, true],
      [{ cnf: {} }, false],
      [{ cnf: { jkt: "x" } }, false],
    ] as const) {
      const input: string = `${head}.${Buffer.from(JSON.stringify({ ...claims, ...changes })).toString("base64url")}`;
      const text: string = `${input}.${Buffer.from(keys.signer.sign(input)).toString("base64url")}`;
      assert.equal(await isLive(world, text), live);
    }
  });

  it("is a receipt or any other JWT that our key signed [JAT-10] [AT-V2]", async () => {
    const world = await aWorld(createMemoryStore);
    const [, body = ""] = accessTextOf(await opened(world)).split(".");
    const keys = world.keys.latest();
    assert.ok(keys !== undefined);
    for (const typ of ["hallpass-receipt+jwt", "JWT", "at+jwt2", ""]) {
      const header: string = Buffer.from(JSON.stringify({ alg: "ES256", typ, kid: keys.signer.kid })).toString(
        "base64url",
      );
      const input: string = `${header}.${body}`;
      assert.equal(
        await isLive(world, `${input}.${Buffer.from(keys.signer.sign(input)).toString("base64url")}`),
        false,
      );
    }
  });
});
