// Changing, disabling, enabling and deleting clients: what is refused, what is written, and what is told.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { Client } from "../clients/client.ts";
import { clientKey, clientToRow } from "../clients/client-row.ts";
import type { ClientId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { takenHash } from "../revocation/notice-draft.ts";
import { aClient, aPolicy, TENANT, WEB } from "../testing/builders.ts";
import { aWorld, BACKEND, type World } from "../testing/world.ts";
import { type ClientChange, changeClient, enableClient, type MayChange } from "./change-client.ts";
import { disableClient } from "./disable-client.ts";
import { readRevocation } from "./read-revocation.ts";
import { listClients, readClient } from "./register-client.ts";

const anyone: MayChange = () => undefined;

async function codeOf(world: World, id: ClientId, wanted: ClientChange, may = anyone): Promise<string> {
  const answer = await changeClient(world, id, wanted, "ops", may);
  return answer.ok ? answer.value.changed.join() : answer.code;
}

async function lastFact(world: World): Promise<readonly [string, unknown]> {
  const last = (await world.facts()).at(-1);
  return [last?.kind ?? "", JSON.parse(last?.body ?? "null")];
}

async function clientOf(world: World, id: ClientId = WEB): Promise<Client> {
  const answer = await readClient(world.store, TENANT, id);
  assert.ok(answer.ok);
  return answer.value;
}

/** Written by hand: a client that authenticates otherwise. */
async function added(world: World, changes: Partial<Client>): Promise<ClientId> {
  const client = aClient({ id: "other" as ClientId, ...changes });
  const rows = [{ key: clientKey(TENANT, client.id), expect: "absent" as const, next: clientToRow(client) }];
  await world.store.commit([{ attempt: "added", rows, notices: [], facts: [] }]);
  return client.id;
}

describe("changing a client", () => {
  it("writes what differs, names it in a fact, and leaves the rest [MAN-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = await clientOf(world);
    const wanted = { name: "Site", grants: before.grants, scope: ["read"] };
    const answer = await changeClient(world, WEB, wanted, "ops", anyone);
    assert.deepEqual(answer, {
      ok: true,
      value: { client: { ...before, name: "Site", scope: ["read"] }, changed: ["name", "scope"] },
    });
    assert.deepEqual(await clientOf(world), { ...before, name: "Site", scope: ["read"] });
    const body = { client: WEB, changed: ["name", "scope"], actor: "ops" };
    assert.deepEqual(await lastFact(world), ["client_changed", body]);
  });

  it("to what it is already writes nothing [MAN-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const [before, facts] = [await clientOf(world), (await world.facts()).length];
    assert.deepEqual(await changeClient(world, WEB, { name: before.name, policy: "test" }, null, anyone), {
      ok: true,
      value: { client: before, changed: [] },
    });
    assert.equal((await world.facts()).length, facts);
  });

  it("gives it a limit of tokens of its own, and takes it back with null [RATE-3]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await codeOf(world, WEB, { tokenLimit: 5 }), "tokenLimit");
    assert.equal((await clientOf(world)).tokenLimit, 5);
    assert.equal(await codeOf(world, WEB, { name: "Site" }), "name");
    assert.equal((await clientOf(world)).tokenLimit, 5);
    assert.equal(await codeOf(world, WEB, { tokenLimit: null }), "tokenLimit");
    assert.ok(!("tokenLimit" in (await clientOf(world))));
  });

  it("is refused for what the client can't be, and for whom it is not there [CAUTH-8] [RT-12]", async () => {
    const fixed = aPolicy({ name: "fixed", rotation: "off" });
    const world = await aWorld(createMemoryStore, { more: [fixed] });
    const keys = { kind: "published", uri: "https://rp.example/jwks" } as const;
    const jwt = await added(world, { id: "jwt" as ClientId, authentication: "private_key_jwt", keys });
    const certificate = { kind: "san_dns", value: "rp.example" } as const;
    const tls = await added(world, { id: "tls" as ClientId, authentication: "tls_client_auth", certificate });
    const bare = await added(world, { id: "bare" as ClientId, authentication: "private_key_jwt" });
    const uncertain = await added(world, { id: "uncertain" as ClientId, authentication: "tls_client_auth" });
    const refusals: readonly (readonly [ClientId, ClientChange, string])[] = [
      ["nobody" as ClientId, { name: "x" }, "client_not_found"],
      [WEB, { policy: "no such" }, "policy_unknown"],
      [WEB, { policy: "none" }, "policy_unknown"],
      [WEB, { policy: "fixed" }, "rotation_required"],
      [BACKEND, { policy: "fixed" }, "policy"],
      [WEB, { grants: ["client_credentials"] }, "grant_not_allowed"],
      [BACKEND, { grants: ["client_credentials"] }, "grants"],
      [WEB, { keys }, "client_keys_misplaced"],
      [jwt, { name: "JWT" }, "name"],
      [bare, { name: "Bare" }, "client_keys_misplaced"],
      [WEB, { certificate }, "client_certificate_misplaced"],
      [tls, { name: "TLS" }, "name"],
      [uncertain, { name: "Uncertain" }, "client_certificate_misplaced"],
    ];
    for (const [id, wanted, said] of refusals) assert.equal(await codeOf(world, id, wanted), said, `${id} ${said}`);
  });

  it("is judged as it is and as it would be, in the step that writes it [MAN-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const seen: string[] = [];
    const may: MayChange = (before, after) => {
      seen.push(before.name, after.name);
      return "mandate_exceeded";
    };
    assert.equal(await codeOf(world, WEB, { name: "Site" }, may), "mandate_exceeded");
    assert.deepEqual(seen, ["Web", "Site"]);
    assert.equal((await clientOf(world)).name, "Web");
  });
});

describe("disabling and deleting a client", () => {
  for (const [forGood, kind] of [
    [false, "client_disabled"],
    [true, "client_deleted"],
  ] as const) {
    it(`is a revocation of all it had, with a notice, a receipt and the fact ${kind} [O-23] [RCP-16]`, async () => {
      const world = await aWorld(createMemoryStore);
      const answer = await disableClient(world, BACKEND, "ops", forGood ? { forGood } : {});
      assert.ok(answer.ok);
      const { id, ...revocation } = answer.value;
      assert.deepEqual(revocation, {
        pos: { epoch: 1, seq: 1 },
        committed: world.now(),
        targets: [{ kind: "client", client: BACKEND }],
        reason: kind,
        ticket: null,
        actor: "ops",
        endedSessions: 0,
        run: {
          status: "running",
          began: null,
          since: world.now(),
          reached: null,
          scanned: 0,
          clients: [{ id: BACKEND, cut: null }],
        },
        tokensExpireBy: afterMs(world.now(), 605_000),
      });
      assert.deepEqual(await readRevocation(world.store, TENANT, id), { ok: true, value: answer.value });
      const client = takenHash(world.issuer.salt, "client", BACKEND);
      assert.deepEqual(
        (await world.notices()).map(({ taking }) => taking),
        [{ kind: "client", client }],
      );
      assert.deepEqual(await lastFact(world), [kind, { client: BACKEND, actor: "ops" }]);
      const row = (await world.store.read([clientKey(TENANT, BACKEND)])).get(clientKey(TENANT, BACKEND));
      assert.deepEqual(row?.notBefore, { epoch: 1, seq: 1 });
    });
  }

  it("for good is never taken back: it is shown no more, keeps no secret, and nothing finds it [SEC-2] [A-07]", async () => {
    const world = await aWorld(createMemoryStore);
    await disableClient(world, BACKEND, null, { forGood: true });
    const not = { ok: false, code: "client_not_found" };
    assert.deepEqual(await readClient(world.store, TENANT, BACKEND), not);
    assert.deepEqual(await disableClient(world, BACKEND, null), not);
    assert.deepEqual(await enableClient(world, BACKEND, null, anyone), not);
    assert.deepEqual(await changeClient(world, BACKEND, { name: "x" }, null, anyone), not);
    assert.deepEqual(await enableClient(world, "nobody" as ClientId, null, anyone), not);
    const row = (await world.store.read([clientKey(TENANT, BACKEND)])).get(clientKey(TENANT, BACKEND));
    const written = JSON.parse(row?.value ?? "{}") as Client;
    assert.deepEqual([written.deleted, written.secrets, written.status], [true, [], "disabled"]);
  });

  it("keeps the secret of one that is disabled, and lets it be enabled, which gives nothing back [SEC-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = await clientOf(world, BACKEND);
    await disableClient(world, BACKEND, null);
    assert.deepEqual(await clientOf(world, BACKEND), { ...before, status: "disabled" });
    assert.deepEqual(await enableClient(world, BACKEND, "ops", anyone), {
      ok: true,
      value: { client: before, changed: ["status"] },
    });
    assert.deepEqual(await lastFact(world), ["client_enabled", { client: BACKEND, actor: "ops" }]);
    assert.deepEqual(await clientOf(world, BACKEND), before);
    const facts = (await world.facts()).length;
    assert.deepEqual(await enableClient(world, BACKEND, "ops", anyone), {
      ok: true,
      value: { client: before, changed: [] },
    });
    assert.equal((await world.facts()).length, facts);
  });

  it("is refused to whom the caller's mandate says so, and nothing is written [MAN-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const facts = (await world.facts()).length;
    const may: MayChange = (before, after) => (before.status === after.status ? undefined : "mandate_exceeded");
    const no = { ok: false, code: "mandate_exceeded" };
    assert.deepEqual(await disableClient(world, WEB, null, { may }), no);
    assert.deepEqual(await enableClient(world, WEB, null, () => "mandate_exceeded"), no);
    assert.equal((await world.facts()).length, facts);
    assert.equal((await clientOf(world)).status, "active");
  });
});

describe("the list of clients", () => {
  it("goes on behind any of them, and leaves out who was deleted", async () => {
    const world = await aWorld(createMemoryStore);
    const ids = async (after: ClientId | null, limit: number): Promise<readonly unknown[]> => {
      const { clients, next } = await listClients(world.store, TENANT, { after, limit });
      return [clients.map(({ id }) => id), next];
    };
    await added(world, {});
    assert.deepEqual(await ids(null, 2), [[BACKEND, "other"], "other"]);
    assert.deepEqual(await ids("other" as ClientId, 2), [[WEB], null]);
    assert.deepEqual(await ids(null, 3), [[BACKEND, "other", WEB], null]);
    await disableClient(world, BACKEND, null, { forGood: true });
    assert.deepEqual(await ids(null, 3), [["other", WEB], null]);
  });
});
