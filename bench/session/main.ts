// What a request with a session's cookie costs: at a verifier that remembers the session token, and at the server's /check.
// Beside a remembered access token, in one process, on SQLite.
//   npm run bench -- --only session [--rounds 11] [--quick]

import { parseArgs } from "node:util";
import { createVerifier } from "@hallpass/verifier";
import { API, gatewayStage } from "../../conformance/gateways/stage.ts";
import { createCheck } from "../../packages/server/src/gateway/check.ts";
import { alternate, type Contender, sayRates } from "../rounds.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string" }, quick: { type: "boolean", default: false } },
});
const ROUNDS = Number(values.rounds ?? (values.quick ? 3 : 11));

const stage = await gatewayStage();
const { client_secret: secret } = await stage.operate("/v1/clients", {
  client_id: "api",
  token_endpoint_auth_method: "client_secret_basic",
  grant_types: ["client_credentials"],
  scope: "feed",
  audiences: [stage.issuer, API],
});
const verifier = createVerifier({
  issuer: stage.issuer,
  audience: API,
  credentials: { clientId: "api", clientSecret: String(secret) },
});
await verifier.ready();
const sessions = await Promise.all(Array.from({ length: 100 }, () => stage.signIn()));
for (const { token, access } of sessions) {
  for (const text of [token, access]) {
    const verdict = await verifier.verify(text);
    if (verdict.kind !== "accepted") throw new Error(verdict.code);
  }
}

const judged = (name: string, textOf: (index: number) => string): Contender => ({
  name,
  run: (count) => {
    for (let index = 0; index < count; index += 1)
      if (verifier.judge(textOf(index % sessions.length))?.kind !== "accepted") throw new Error(name);
  },
});
sayRates(
  "session-verifier",
  "a request with a session's cookie, at the verifier",
  await alternate(
    [
      judged("Hallpass: remembered session token, judge()", (index) => sessions[index]?.token ?? ""),
      judged("Hallpass: remembered access token, judge()", (index) => sessions[index]?.access ?? ""),
    ],
    ROUNDS,
    200_000,
  ),
);

const check = createCheck(stage.server.services);
const query = `audience=${encodeURIComponent(API)}`;
const checked: Contender = {
  name: "Hallpass: /check with a cookie",
  run: async (count) => {
    for (let index = 0; index < count; index += 1) {
      const cookie = `__Host-session=${sessions[index % sessions.length]?.token ?? ""}`;
      const headers: Readonly<Record<string, readonly string[]>> = { cookie: [cookie], "x-original-method": ["GET"] };
      const { status } = await check(query, (name) => headers[name] ?? []);
      if (status !== 200) throw new Error(`/check answered ${status}`);
    }
  },
};
sayRates(
  "session-check",
  "a request with a session's cookie, at the server without the socket",
  await alternate([checked], ROUNDS, 2000),
);

verifier.close();
await stage.end();
