// Two tenants in one database: each has tables of its own, so no id of one means anything at the other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { twoTenants } from "../testing/two-tenants.ts";
import { CROSSINGS } from "./tenant-crossings.ts";

test("no id of one tenant is known at the other, though one database holds both [A-03] [TEN-3]", async () => {
  const database = await startPostgres();
  const both = await twoTenants({ store: database.url });
  try {
    const shown = await both.one.send({ path: `/v1/sessions/${both.one.sid}` });
    assert.equal(shown.status, 200, shown.text);
    for (const [place, crossing] of Object.entries(CROSSINGS)) {
      // Those at the OAuth endpoints need other credentials than the operator's; they are tried on SQLite.
      if (crossing.kind !== "ids" || place.includes("/oauth2/")) continue;
      const answer = await both.other.send(crossing.sent(both.one, both.other));
      assert.equal(answer.status, crossing.status, `${place}: ${answer.text}`);
      if (crossing.code !== null) assert.equal(answer.json["code"], crossing.code, place);
    }
  } finally {
    await both.end();
    await database.stop();
  }
});
