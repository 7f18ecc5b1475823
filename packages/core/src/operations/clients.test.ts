// Registering, disabling and paying out to clients, and the issuer that they belong to.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { formatClientSecret } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientCredentials } from "../clients/authenticate.ts";
import { clientKey, clientToRow } from "../clients/client-row.ts";
import { rolesKey, rolesToRow } from "../clients/roles.ts";
import type { ClientId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import { aClient, aPolicy, fixedDice, START, TENANT, WEB } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import { AS_WEB, accessTextOf, asBackend, aWorld, type Deps, ISSUER_URL, opened } from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { bootstrapIssuer, issuerKey, readIssuer } from "./bootstrap-issuer.ts";
import { disableClient } from "./disable-client.ts";
import { issueClientToken } from "./issue-client-token.ts";
import { readRevocation } from "./read-revocation.ts";
import { registerClient } from "./register-client.ts";

const CI = "ci" as ClientId;
const confidential = aClient({ id: CI, authentication: "client_secret_basic", grants: ["client_credentials"] });

async function tokenOrCode(
  deps: Deps,
  credentials: ClientCredentials,
  changes: { scope?: readonly string[]; audience?: readonly string[] } = {},
): Promise<string> {
  const answer = await issueClientToken(deps, { credentials, scope: changes.scope, audience: changes.audience });
  return answer.ok ? answer.value.access.token.reveal() : answer.code;
}

describe("registering a client", () => {
  it("shows its secret once; only a keyed hash rests [OP-2] [L-01] [GEN-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const answer = await registerClient(world, confidential, "ops");
    assert.ok(answer.ok && answer.value.secret !== null);
    const secret = answer.value.secret.reveal();
    const row = (await world.store.read([clientKey(TENANT, CI)])).get(clientKey(TENANT, CI));
    const bytes = Buffer.from(secret.slice(4, -6), "base64url");
    for (const trace of [
      secret,
      secret.slice(4, -6),
      bytes.toString("hex"),
      createHash("sha256").update(secret).digest("base64url"),
    ])
      assert.equal(row?.value.includes(trace), false);
    assert.equal(String(answer.value.secret), "[secret]");
    assert.equal(JSON.stringify(answer.value).includes(secret), false);
    assert.match(
      await tokenOrCode(world, { method: "client_secret_basic", clientId: CI, secret: answer.value.secret }),
      /^ey/,
    );
  });

  it("gives a public client and one with a preset secret none to show", async () => {
    const world = await aWorld(createMemoryStore);
    const preset = formatClientSecret(new Uint8Array(32).fill(7));
    const hash = createHash("sha256").update(preset).digest("base64url");
    const answer = await registerClient(world, confidential, null, hash);
    assert.ok(answer.ok && answer.value.secret === null);
    assert.match(
      await tokenOrCode(world, { method: "client_secret_basic", clientId: CI, secret: new Secret(preset) }),
      /^ey/,
    );
    const open = await registerClient(world, aClient({ id: "spa" as ClientId }), null);
    assert.ok(open.ok && open.value.secret === null && open.value.client.secrets.length === 0);
    const odd = await registerClient(world, aClient({ id: "odd" as ClientId }), "ops", hash);
    assert.ok(odd.ok && odd.value.client.secrets.length === 0);
    const last = (await world.facts()).at(-1);
    assert.deepEqual([last?.kind, last?.body], ["client_added", '{"client":"odd","actor":"ops"}']);
  });

  it("refuses an id that exists, disabled too: ids are never given again [A-07]", async () => {
    const world = await aWorld(createMemoryStore);
    for (const end of [async () => undefined, () => disableClient(world, WEB, null)]) {
      await end();
      assert.deepEqual(await registerClient(world, aClient(), null), { ok: false, code: "client_exists" });
    }
    const both = await Promise.all([
      registerClient(world, confidential, null),
      registerClient(world, confidential, null),
    ]);
    assert.equal(both.filter((answer) => answer.ok).length, 1);
  });

  it("refuses an unknown policy, and client_credentials without authentication [CAUTH-8] [TOK-9]", async () => {
    const world = await aWorld(createMemoryStore, { more: [aPolicy({ name: "fixed", rotation: "off" })] });
    const codeOf = async (changes: Parameters<typeof aClient>[0]): Promise<string> => {
      const answer = await registerClient(world, aClient({ id: CI, ...changes }), null);
      return answer.ok ? "registered" : answer.code;
    };
    assert.equal(await codeOf({ policy: "none" }), "policy_unknown");
    assert.equal(await codeOf({ policy: "no such" }), "policy_unknown");
    assert.equal(await codeOf({ grants: ["client_credentials"] }), "grant_not_allowed");
    assert.equal(await codeOf({ policy: "fixed" }), "rotation_required");
    const fixed = { id: "fixed" as ClientId, policy: "fixed", authentication: "client_secret_basic" } as const;
    assert.equal(await codeOf(fixed), "registered");
    assert.equal(await codeOf({ signingAlg: "RS256" }), "signing_alg_unavailable");
    const keys = { kind: "published", uri: "https://rp.example/jwks" } as const;
    const certificate = { kind: "san_dns", value: "rp.example" } as const;
    assert.equal(await codeOf({ keys }), "client_keys_misplaced");
    assert.equal(await codeOf({ authentication: "private_key_jwt" }), "client_keys_misplaced");
    assert.equal(await codeOf({ certificate }), "client_certificate_misplaced");
    assert.equal(await codeOf({ authentication: "tls_client_auth" }), "client_certificate_misplaced");
    assert.equal(await codeOf({ authentication: "private_key_jwt", keys }), "registered");
    assert.equal(await codeOf({ id: "tls" as ClientId, authentication: "tls_client_auth", certificate }), "registered");
  });
});

describe("a token for a client itself", () => {
  it("has the client's id as subject, no session, and comes without a refresh token [AT-3] [TOK-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const answer = await issueClientToken(world, {
      credentials: asBackend(world),
      scope: ["read"],
      audience: undefined,
    });
    assert.ok(answer.ok);
    assert.deepEqual(Object.keys(answer.value).toSorted(), ["access", "client", "scope"]);
    const live = await judgeAccessToken(world, answer.value.access.token.reveal());
    assert.deepEqual(
      [
        live?.claims.sub,
        live?.claims.clientId,
        live?.claims.sid,
        live?.claims.fam,
        live?.claims.aud,
        live?.claims.scope,
      ],
      ["backend", "backend", undefined, undefined, ["https://api.example"], ["read"]],
    );
  });

  it("is refused to whom it is not for [CAUTH-2] [CAUTH-8] [TOK-2] [TOK-9] [TOK-11] [O-25] [O-27] [O-31]", async () => {
    const world = await aWorld(createMemoryStore);
    await registerClient(
      world,
      aClient({ id: CI, authentication: "client_secret_basic", grants: ["refresh_token"] }),
      null,
      createHash("sha256")
        .update(formatClientSecret(new Uint8Array(32)))
        .digest("base64url"),
    );
    const ci: ClientCredentials = {
      method: "client_secret_basic",
      clientId: CI,
      secret: new Secret(formatClientSecret(new Uint8Array(32))),
    };
    assert.equal(await tokenOrCode(world, AS_WEB), "grant_not_allowed");
    assert.equal(await tokenOrCode(world, ci), "grant_not_allowed");
    assert.equal(await tokenOrCode(world, { ...asBackend(world), clientId: WEB }), "client_unauthenticated");
    assert.equal(
      await tokenOrCode(world, { method: "none", clientId: "backend" as ClientId }),
      "client_unauthenticated",
    );
    assert.equal(await tokenOrCode(world, asBackend(world), { scope: ["admin"] }), "scope_not_allowed");
    assert.equal(
      await tokenOrCode(world, asBackend(world), { audience: ["https://evil.example"] }),
      "audience_not_allowed",
    );
  });
});

describe("a token by roles", () => {
  it("for this issuer alone has the scope of the client's roles beside its own, and for another audience none of it [ROLE-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const [api, url] = ["https://api.example", world.issuer.url];
    const wanted = { ...confidential, audiences: [url, api], scope: ["read", "feed"], roles: ["reader", "gone"] };
    const answer = await registerClient(world, wanted, "ops");
    assert.ok(answer.ok && answer.value.secret !== null);
    const credentials = { method: "client_secret_basic", clientId: CI, secret: answer.value.secret } as const;
    const scopeFor = async (audience: readonly string[], scope?: readonly string[]): Promise<unknown> => {
      const given = await issueClientToken(world, { credentials, scope, audience });
      return given.ok ? given.value.scope : given.code;
    };
    assert.deepEqual(await scopeFor([url]), ["read", "feed"]);
    const key = rolesKey(TENANT);
    const next = rolesToRow(new Map([["reader", ["feed", "sessions:read"]]]));
    const rows = [{ key, expect: "absent" as const, next }];
    await world.store.commit([{ attempt: "roles", rows, notices: [], facts: [] }]);
    assert.deepEqual(await scopeFor([url]), ["read", "feed", "sessions:read"]);
    assert.deepEqual(await scopeFor([url], ["sessions:read"]), ["sessions:read"]);
    for (const audience of [[api], [url, api]]) {
      assert.deepEqual(await scopeFor(audience), ["read", "feed"]);
      assert.equal(await scopeFor(audience, ["sessions:read"]), "scope_not_allowed");
    }
  });

  it("that is one too many is refused with the time to wait, and nothing else is asked first [RATE-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const request = { credentials: asBackend(world), scope: undefined, audience: undefined };
    const asked: string[] = [];
    const take = (waitMs: number) => (client: { readonly id: string }) => {
      asked.push(client.id);
      return waitMs;
    };
    const refused = { ok: false, code: "token_rate_exceeded", waitMs: 7 };
    assert.deepEqual(await issueClientToken(world, request, take(7)), refused);
    assert.equal((await issueClientToken(world, request, take(0))).ok, true);
    assert.equal((await issueClientToken(world, { ...request, scope: ["admin"] }, take(7))).ok, false);
    assert.deepEqual(asked, ["backend", "backend"]);
  });

  it("that would be too large is refused [AT-10]", async () => {
    const world = await aWorld(createMemoryStore);
    const scope = Array.from({ length: 100 }, (_, index) => `scope-${index}-${"x".repeat(50)}`);
    const answer = await registerClient(world, { ...confidential, scope }, null);
    assert.ok(answer.ok && answer.value.secret !== null);
    const credentials = { method: "client_secret_basic", clientId: CI, secret: answer.value.secret } as const;
    assert.equal(await tokenOrCode(world, credentials), "token_too_large");
  });

  it("is nothing for a public client, whatever its registration says [TOK-9] [CAUTH-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const key = clientKey(TENANT, CI);
    const next = clientToRow({ ...aClient({ id: CI }), grants: ["client_credentials"] });
    const rows = [{ key, expect: "absent" as const, next }];
    await world.store.commit([{ attempt: "public", rows, notices: [], facts: [] }]);
    assert.equal(await tokenOrCode(world, { method: "none", clientId: CI }), "grant_not_allowed");
  });
});

describe("disabling a client", () => {
  it("takes everything from it in one change with one notice [O-23] [NOT-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const answer = await disableClient(world, WEB, "ops");
    assert.ok(answer.ok);
    assert.equal((await world.notices()).length, 1);
    assert.deepEqual(await readRevocation(world.store, TENANT, answer.value.id), { ok: true, value: answer.value });
    assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
    assert.deepEqual(await disableClient(world, "nobody" as ClientId, null), { ok: false, code: "client_not_found" });
  });

  it("leaves it without a token of its own, with the right secret too [O-23]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = await tokenOrCode(world, asBackend(world));
    await disableClient(world, "backend" as ClientId, null);
    assert.equal(await tokenOrCode(world, asBackend(world)), "client_unauthenticated");
    assert.equal(await judgeAccessToken(world, before), undefined);
  });
});

describe("the issuer of a store", () => {
  const settings = { tenant: TENANT, url: ISSUER_URL, skew: 5, maxTokenLifetime: 600 };
  const aStore = () => {
    let now = START;
    const store = createMemoryStore({ clock: { now: () => now }, dice: fixedDice("store") });
    const wait = (ms: number): void => {
      now = (now + ms) as typeof now;
    };
    return { deps: { store, dice: fixedDice("issuer") }, wait };
  };

  it("keeps its salt for ever, whoever starts first", async () => {
    const { deps } = aStore();
    const [first, second] = await Promise.all([bootstrapIssuer(deps, settings), bootstrapIssuer(deps, settings)]);
    const later = await bootstrapIssuer(deps, { ...settings, maxTokenLifetime: 60 });
    assert.deepEqual([second.salt, later.salt], [first.salt, first.salt]);
    assert.equal(first.salt.length, 16);
  });

  it("remembers a longer lifetime until its last token is over, and not an instant less [NOT-3]", async () => {
    const { deps, wait } = aStore();
    assert.equal((await bootstrapIssuer(deps, { ...settings, maxTokenLifetime: 3600 })).longestToken, 3600);
    wait(1_000_000_000);
    const longest = async (): Promise<number> => (await bootstrapIssuer(deps, settings)).longestToken;
    assert.equal(await longest(), 3600);
    wait(3_599_999);
    assert.equal(await longest(), 3600);
    wait(1);
    assert.equal(await longest(), 600);
  });

  it("that raises its lifetime again keeps it open-ended [NOT-3]", async () => {
    const { deps, wait } = aStore();
    await bootstrapIssuer(deps, { ...settings, maxTokenLifetime: 3600 });
    await bootstrapIssuer(deps, settings);
    await bootstrapIssuer(deps, { ...settings, maxTokenLifetime: 3600 });
    wait(1e10);
    assert.equal((await bootstrapIssuer(deps, settings)).longestToken, 3600);
  });

  it("is read as it is, writes nothing when nothing is new, and is nothing before a first start [NOT-3]", async () => {
    const { deps } = aStore();
    assert.equal(await readIssuer(deps.store, settings), undefined);
    const issuer = await bootstrapIssuer(deps, settings);
    assert.deepEqual(await readIssuer(deps.store, settings), issuer);
    const { store, changes } = counting(deps.store);
    assert.deepEqual(await bootstrapIssuer({ ...deps, store }, settings), issuer);
    assert.deepEqual(changes(), []);
    const lowered = await bootstrapIssuer(deps, { ...settings, maxTokenLifetime: 60 });
    assert.deepEqual([lowered.maxTokenLifetime, lowered.longestToken], [60, 600]);
    assert.deepEqual(await readIssuer(deps.store, settings), lowered);
  });

  it("of a row that this release can't read is not opened", async () => {
    for (const [from, to] of [
      ['"layout":1', '"layout":2'],
      ['"salt":"', '"salt":"!'],
    ] as const) {
      const { deps } = aStore();
      await bootstrapIssuer(deps, settings);
      const key = issuerKey(TENANT);
      const row = (await deps.store.read([key])).get(key);
      const value = row?.value.replace(from, to) ?? assert.fail();
      const rows = [{ key, expect: 1, next: { value, expires: null } }];
      await deps.store.commit([{ attempt: "other", rows, notices: [], facts: [] }]);
      await assert.rejects(readIssuer(deps.store, settings));
    }
  });

  it("is never another one: the store is not opened", async () => {
    const { deps } = aStore();
    await bootstrapIssuer(deps, settings);
    await assert.rejects(bootstrapIssuer(deps, { ...settings, url: "https://evil.example" }));
  });
});
