// What introspection reads and writes, and by which scope a client may ask.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { Client } from "../clients/client.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { rolesKey, rolesToRow } from "../clients/roles.ts";
import { PRESET_KID } from "../clients/secret-hash.ts";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import type { Store } from "../store/store.ts";
import { aClient, TENANT } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import {
  AS_WEB,
  accessTextOf,
  asBackend,
  aWorld,
  BACKEND,
  opened,
  refreshed,
  refreshTextOf,
  type World,
} from "../testing/world.ts";
import { introspectMany } from "./introspect-many.ts";
import { introspectToken } from "./introspect-token.ts";
import { registerClient } from "./register-client.ts";
import { revokeToken } from "./revoke-token.ts";
import { rotateSessionToken } from "./rotate-session-token.ts";

const ISSUE = { issue: { access: true, refresh: true, sessionToken: true } };

async function tokensOf(world: World): Promise<Readonly<Record<"access" | "refresh" | "session", string>>> {
  const one = await opened(world, { ...ISSUE, client: BACKEND });
  assert.ok(one.tokens.sessionToken);
  return { access: accessTextOf(one), refresh: refreshTextOf(one), session: one.tokens.sessionToken.reveal() };
}

async function kindOf(world: World, token: string): Promise<string> {
  const answer = await introspectToken(world, { token: new Secret(token), credentials: asBackend(world) });
  assert.ok(answer.ok);
  return answer.value.found.kind;
}

/** The client's row, edited as a registration would have it. */
async function edited(store: Store, change: Partial<Client>): Promise<void> {
  const key = clientKey(TENANT, BACKEND);
  const row = (await store.read([key])).get(key);
  assert.ok(row);
  const next = clientToRow({ ...clientFromRow(row), ...change });
  await store.commit([{ attempt: "AAAAAAAAAAA", rows: [{ key, expect: row.version, next }], notices: [], facts: [] }]);
}

async function withRoles(store: Store, roles: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const key = rolesKey(TENANT);
  const row = (await store.read([key])).get(key);
  const next = rolesToRow(new Map(Object.entries(roles)));
  const rows = [{ key, expect: row?.version ?? ("absent" as const), next }];
  await store.commit([{ attempt: "AAAAAAAAAAB", rows, notices: [], facts: [] }]);
}

async function kidOf({ store }: World): Promise<number | undefined> {
  const key = clientKey(TENANT, BACKEND);
  const row = (await store.read([key])).get(key);
  return row === undefined ? undefined : clientFromRow(row).secrets[0]?.kid;
}

describe("introspection", () => {
  for (const kind of ["access", "refresh", "session"] as const) {
    it(`reads once for ${kind} tokens, the client among what it reads [INTR-10]`, async () => {
      const world = await aWorld(createMemoryStore);
      const token = new Secret((await tokensOf(world))[kind]);
      const { store, reads } = counting(world.store);
      const answer = await introspectToken(world.node(store), { token, credentials: asBackend(world) });
      assert.ok(answer.ok);
      assert.deepEqual([answer.value.found.kind, reads()], [kind, 1]);
    });
  }

  it("is for whoever has the scope feed from a role as well, for as long as the role gives it [INTR-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    const texts = [accessTextOf(one), one.tokens.sessionToken?.reveal() ?? ""];
    const kinds = (): Promise<readonly string[]> => Promise.all(texts.map((text) => kindOf(world, text)));
    assert.deepEqual(await kinds(), ["inactive", "inactive"]);
    await edited(world.store, { roles: ["reader"] });
    assert.deepEqual(await kinds(), ["inactive", "inactive"], "a role that is not there gives nothing");
    await withRoles(world.store, { reader: ["feed"] });
    assert.deepEqual(await kinds(), ["access", "session"]);
    await withRoles(world.store, { reader: ["sessions:read"] });
    assert.deepEqual(await kinds(), ["inactive", "inactive"]);
  });

  it("and revocation hash a secret again that is hashed under an older key; a wrong one changes nothing [KEY-10]", async () => {
    for (const use of [introspectToken, revokeToken]) {
      const world = await aWorld(createMemoryStore);
      const preset = createHash("sha256").update(world.backendSecret.reveal()).digest("base64url");
      await edited(world.store, { secrets: [{ kid: PRESET_KID, hash: preset, added: 1 }] });
      const token = new Secret("x");
      const wrong = { ...asBackend(world), secret: new Secret("hpc_x") } as ReturnType<typeof asBackend>;
      assert.equal((await use(world, { token, credentials: wrong })).ok, false);
      assert.equal(await kidOf(world), 0);
      assert.equal((await use(world, { token, credentials: asBackend(world) })).ok, true);
      assert.equal(await kidOf(world), 256);
      assert.equal((await use(world, { token, credentials: asBackend(world) })).ok, true);
      const kinds = (await world.facts()).map(({ kind }) => kind);
      assert.equal(kinds.filter((kind) => kind === "client_secret_rehashed").length, 1);
    }
  });

  it("is refused to a public client, which anyone can be, and answers nothing about another's refresh token [I-01] [INTR-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    for (const text of [accessTextOf(one), refreshTextOf(one)]) {
      const token = new Secret(text);
      const answer = await introspectToken(world, { token, credentials: AS_WEB });
      assert.deepEqual(answer, { ok: false, code: "client_unauthenticated" });
    }
    assert.equal(await kindOf(world, refreshTextOf(one)), "inactive");
    assert.equal(await kindOf(world, "nothing"), "inactive");
  });

  it("tells a verifier of tokens for one of its audiences, and of none for others or for this issuer alone [INTR-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const [api, billing, issuer] = ["https://api.example", "https://billing.example", world.issuer.url];
    await registerClient(world, aClient({ id: "wide" as ClientId, audiences: [api, billing, issuer] }), null);
    const textFor = async (...audience: string[]): Promise<string> =>
      accessTextOf(
        await opened(world, { subject: audience.join() as SubjectId, client: "wide" as ClientId, audience }),
      );
    const texts = [await textFor(api), await textFor(billing), await textFor(api, billing), await textFor(issuer)];
    await edited(world.store, { scope: ["feed"], audiences: [api, issuer] });
    const kinds = await Promise.all(texts.map((text) => kindOf(world, text)));
    assert.deepEqual(kinds, ["access", "inactive", "access", "inactive"]);
  });

  it("tells its own client nothing of a session token that was replaced [INTR-11] [ST-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { ...ISSUE, client: BACKEND });
    const text = one.tokens.sessionToken?.reveal() ?? assert.fail();
    const revocationId = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";
    assert.ok((await rotateSessionToken(world, { session: one.session.id, revocationId, actor: null })).ok);
    assert.equal(await kindOf(world, text), "inactive");
  });

  it("of many at once judges all on one snapshot, in their order, and knows no refresh token [INTR-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const tokens = await tokensOf(world);
    const { store, reads } = counting(world.store);
    const node = world.node(store);
    const answer = await introspectMany(node, [tokens.session, "nothing", tokens.refresh, tokens.access]);
    assert.deepEqual(
      answer.found.map(({ kind }) => kind),
      ["session", "inactive", "inactive", "access"],
    );
    assert.deepEqual([answer.at, answer.pos, reads()], [world.now(), { epoch: 1, seq: 0 }, 1]);
  });

  it("is not needed for a refresh to hash its client's secret again [KEY-10]", async () => {
    const world = await aWorld(createMemoryStore);
    const { refresh } = await tokensOf(world);
    const preset = createHash("sha256").update(world.backendSecret.reveal()).digest("base64url");
    await edited(world.store, { secrets: [{ kid: PRESET_KID, hash: preset, added: 1 }] });
    assert.equal((await refreshed(world, refresh, { credentials: asBackend(world) })).kind, "granted");
    assert.equal(await kidOf(world), 256);
  });
});
