// A real process on a real signal, when its database is gone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { startServing } from "../testing/serving-process.ts";

test("a node whose database was stopped, and whose log nobody reads any more, drains and leaves with 0", async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  const { child, url, left, stopReading } = await startServing(t, server.url);
  await server.stop();
  stopReading();
  // It has seen that the database is gone.
  while ((await fetch(`${url}/readyz`)).status === 200);
  child.kill("SIGTERM");
  assert.equal(await left, 0);
});
