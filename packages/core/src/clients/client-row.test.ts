import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientId } from "../kernel/ids.ts";
import { aClient, aRow, TENANT, WEB } from "../testing/builders.ts";
import { clientFromRow, clientKey, clientToRow, signingAlgIn } from "./client-row.ts";

const client = aClient({ signingAlg: "Ed25519" });
const key = clientKey(TENANT, WEB);

test("a client's row gives back what was written, and what stands there now", () => {
  const row = aRow(key, clientToRow(client));
  assert.deepEqual(clientFromRow(row), client);
  assert.deepEqual(clientFromRow({ ...row, value: clientToRow(aClient()).value }), aClient());
});

test("a client's row of a layout from after this release is not read", () => {
  const { value, expires } = clientToRow(client);
  const later = JSON.stringify({ ...JSON.parse(value), layout: 2 });
  assert.throws(() => clientFromRow(aRow(key, { value: later, expires })), Error);
});

test("tokens have the algorithm that their client names, and ES256 where it names none or is not there", () => {
  const named = (id: string, of: typeof client) => {
    const rows = [aRow(clientKey(TENANT, id as ClientId), clientToRow(of))];
    return signingAlgIn(
      { get: ({ kind, id: asked }) => rows.find((row) => row.key.kind === kind && row.key.id === asked) },
      TENANT,
      WEB,
    );
  };
  assert.equal(named("web", client), "Ed25519");
  assert.equal(named("web", aClient()), "ES256");
  assert.equal(named("other", client), "ES256");
});
