// A revocation of many sessions on a real server: it goes on after a restart, its verifiers refuse, and what they had accepted
// meanwhile stands in its receipt.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type OpenSession, openSession, parseClientId, parseSubjectId } from "@hallpass/core";
import { journey } from "../testing/journey.ts";

const SESSIONS = 600;

test("a run goes on when the server has been stopped and started again, and nobody who was meant is left [RCP-11]", async (t) => {
  const trip = await journey();
  t.after(() => trip.end());
  const [client, nobody] = [parseClientId("demo"), parseSubjectId("nobody")];
  assert.ok(client !== undefined && nobody !== undefined);
  const bare: Omit<OpenSession, "subject" | "device"> = {
    client,
    issue: { access: false, refresh: true },
    audience: undefined,
    scope: undefined,
    acr: null,
    amr: [],
    authTime: null,
    policy: undefined,
    remember: false,
    parent: null,
    replaces: null,
    claims: {},
    actor: null,
    idempotency: null,
  };
  const tokens: { readonly token: string; readonly isMeant: boolean }[] = [];
  for (let n = 0; n < SESSIONS; n += 1) {
    const isMeant = n % 2 === 0;
    const subject = parseSubjectId(`u-${n}`) ?? nobody;
    const device = { name: null, userAgent: null, ip: isMeant ? "203.0.113.7" : "198.51.100.7" };
    const opened = await openSession(trip.server.services, { ...bare, subject, device });
    assert.ok(opened.ok);
    tokens.push({ token: opened.value.tokens.refresh?.reveal() ?? "", isMeant });
  }
  const targets = [{ type: "query", query: { ip: "203.0.113.0/24" } }];
  const begun = await trip.operate({ path: "/v1/revocations", json: { targets } });
  assert.equal(begun.json["status"], "running", begun.text);
  // It is stopped between two steps; what it had not reached is reached by the next process.
  await trip.restart();
  const path = `/v1/revocations/${String(begun.json["id"])}`;
  const read = await trip.operate({ path: `${path}?wait_ms=30000` });
  assert.deepEqual(
    [read.json["status"], read.json["ended_sessions"], read.json["scanned_sessions"]],
    ["complete", SESSIONS / 2, SESSIONS],
  );
  for (const { token, isMeant } of tokens.filter((_, index) => index % 37 < 2))
    assert.equal((await trip.refresh(token)).status, isMeant ? 400 : 200);
  const affected = await trip.operate({ path: `${path}/affected?limit=200` });
  assert.equal((affected.json["sessions"] as readonly unknown[]).length, 200);
  assert.equal(typeof affected.json["next_cursor"], "string");
});
