// The table of roles: what a start adds to it, and who may change it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { MAX_ROLES } from "../clients/roles.ts";
import { TENANT } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import { aWorld, type World } from "../testing/world.ts";
import { bootstrapRoles, changeRole, readRoles } from "./roles.ts";

const OPS = { actor: "ops", most: ["feed", "read", "write"] };

async function rolesOf(world: World): Promise<Readonly<Record<string, readonly string[]>>> {
  return Object.fromEntries(await readRoles(world.store, TENANT));
}

async function changed(world: World, name: string, scope: readonly string[] | null, by = OPS): Promise<unknown> {
  const answer = await changeRole(world, name, scope, by);
  return answer.ok ? Object.fromEntries(answer.value) : answer.code;
}

async function factsOf(world: World): Promise<readonly unknown[]> {
  const facts = (await world.facts()).filter(({ kind }) => kind.startsWith("role_"));
  return facts.map(({ kind, body }) => [kind, JSON.parse(body)]);
}

describe("the roles of a first start", () => {
  const table = new Map([["reader", ["read"]]]);

  it("are written down once, and what a release always adds is added to what was changed since [ROLE-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const { store, changes } = counting(world.store);
    await bootstrapRoles({ ...world, store }, table, { name: "owner", scope: ["read", "write"] });
    assert.deepEqual(await rolesOf(world), { reader: ["read"], owner: ["read", "write"] });
    await bootstrapRoles({ ...world, store }, table, { name: "owner", scope: ["write"] });
    assert.equal(changes().length, 1);
    await changed(world, "reader", null);
    await bootstrapRoles({ ...world, store }, table, { name: "owner", scope: ["feed"] });
    assert.deepEqual(await rolesOf(world), { owner: ["read", "write", "feed"] });
  });
});

describe("changing a role", () => {
  it("writes its scope once and in order, and is a fact with who did it; removing it is another [ROLE-2]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.deepEqual(await changed(world, "reader", ["read", "feed", "read"]), { reader: ["feed", "read"] });
    assert.deepEqual(await rolesOf(world), { reader: ["feed", "read"] });
    assert.deepEqual(await changed(world, "reader", ["read", "feed"]), { reader: ["feed", "read"] });
    assert.deepEqual(await changed(world, "reader", ["feed"]), { reader: ["feed"] });
    assert.deepEqual(await changed(world, "reader", ["read"]), { reader: ["read"] });
    assert.deepEqual(await changed(world, "reader", ["read", "write"]), { reader: ["read", "write"] });
    assert.deepEqual(await changed(world, "reader", ["read", "feed"]), { reader: ["feed", "read"] });
    assert.deepEqual(await changed(world, "reader", null), {});
    const body = { role: "reader", actor: "ops" };
    assert.deepEqual(await factsOf(world), [
      ...Array.from({ length: 5 }, () => ["role_changed", body]),
      ["role_removed", body],
    ]);
    assert.equal(await changed(world, "reader", null), "role_not_found");
    assert.deepEqual(await changed(world, "empty", []), { empty: [] });
  });

  it("gives and takes no scope that the caller does not hold [ROLE-3]", async () => {
    const world = await aWorld(createMemoryStore);
    await changed(world, "writer", ["read", "write"]);
    const reader = { actor: "reader", most: ["read"] };
    for (const [name, scope] of [
      ["new", ["write"]],
      ["new", ["read", "write"]],
      ["writer", ["read"]],
      ["writer", null],
    ] as const)
      assert.equal(await changed(world, name, scope, reader), "role_beyond_caller");
    assert.deepEqual(await rolesOf(world), { writer: ["read", "write"] });
    assert.deepEqual(await changed(world, "new", ["read"], reader), { writer: ["read", "write"], new: ["read"] });
  });

  it("makes no more than there may be [ROLE-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const table = new Map(Array.from({ length: MAX_ROLES - 1 }, (_, index) => [`r${index}`, ["read"]] as const));
    await bootstrapRoles(world, table, { name: "r0", scope: [] });
    assert.notEqual(await changed(world, "last", ["read"]), "too_many_roles");
    assert.equal(await changed(world, "more", ["read"]), "too_many_roles");
    assert.equal(Object.keys(await rolesOf(world)).length, MAX_ROLES);
  });
});
