import assert from "node:assert/strict";
import { test } from "node:test";
import { aRow, TENANT } from "../testing/builders.ts";
import { parseRoleName, rolesFromRow, rolesKey, rolesToRow, scopesOf } from "./roles.ts";

const roles = new Map([
  ["reader", ["read"]],
  ["writer", ["read", "write"]],
]);

test("a role's name is short, small and begins with a letter or a digit [ROLE-2]", () => {
  for (const name of ["a", "0", "a-b", "9lives", "x".repeat(64)]) assert.equal(parseRoleName(name), name);
  for (const name of ["", "-a", "A", "aB", "a b", "a\n", "ä", " a", "a_b", "x".repeat(65)])
    assert.equal(parseRoleName(name), undefined, name);
});

test("the roles that were written are read, none before the first, and none of a layout from after this release [ROLE-4]", () => {
  const row = aRow(rolesKey(TENANT), rolesToRow(roles));
  assert.deepEqual(rolesFromRow(row), roles);
  assert.deepEqual([row.key, row.expires], [{ tenant: TENANT, kind: "issuer", id: "roles" }, null]);
  assert.deepEqual(rolesFromRow(undefined), new Map());
  const later = JSON.stringify({ ...JSON.parse(row.value), layout: 2 });
  assert.throws(() => rolesFromRow({ ...row, value: later }), Error);
});

test("roles give their scopes together, each once, and a name that is no role any more gives nothing [ROLE-2]", () => {
  assert.deepEqual(scopesOf(roles, ["reader", "gone", "writer"]), ["read", "write"]);
  assert.deepEqual(scopesOf(roles, ["gone"]), []);
});
