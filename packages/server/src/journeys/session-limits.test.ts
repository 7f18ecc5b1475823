// A limit on SQLite, over sockets: exact, however many open at once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { journey } from "../testing/journey.ts";

test("64 openings at once at the limit leave exactly as many as the policy allows, on SQLite [POL-9] [S-10]", async () => {
  const trip = await journey();
  try {
    await trip.operate({ path: "/v1/policies/consumer/versions", json: { max_sessions: 3 } });
    const opened = await Promise.all(Array.from({ length: 64 }, () => trip.signIn("u-9")));
    const found = await trip.operate({ path: "/v1/sessions/search", json: { subject: "u-9" } });
    const listed = found.json["sessions"] as readonly { readonly id: string; readonly state: string }[];
    assert.equal(listed.filter(({ state }) => state === "active").length, 3);
    const alive = await Promise.all(opened.map(({ refresh }) => trip.refresh(refresh)));
    assert.equal(alive.filter(({ status }) => status === 200).length, 3);
    await trip.operate({ path: "/v1/policies/consumer/versions", json: { over_limit: "refuse" } });
    const refused = await Promise.all(
      Array.from({ length: 64 }, () =>
        trip.operate({ path: "/v1/sessions", json: { subject: "u-10", client_id: "demo" } }),
      ),
    );
    assert.equal(refused.filter(({ status }) => status === 201).length, 3);
    assert.equal(refused.filter(({ json }) => json["code"] === "session_limit").length, 61);
  } finally {
    await trip.end();
  }
});
