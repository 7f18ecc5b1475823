// The server of verifier-starts.ts: revokes as many tokens that nobody has as it is sent a number for, and says when that is done.
//   argv: data directory, address to listen at

import { randomBytes } from "node:crypto";
import { on } from "node:events";
import { loadConfig, startServer } from "@hallpass/server";

const [data = "", listen = ""] = process.argv.slice(2);
const over = { development: "true", store: "memory", data, listen, issuer: `http://${listen}` };
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("; "));
const { services } = await startServer(loaded.config, { logTo: { write: () => {} } });
const { store, tenant } = services;
process.send?.("listening");

const IN_A_CHANGE = 1000;
const LIVES_MS = 3_600_000;

for await (const [count] of messages()) {
  for (let made = 0; made < count; made += IN_A_CHANGE) {
    const notices = Array.from({ length: IN_A_CHANGE }, () => ({
      tenant,
      mark: randomBytes(8).toString("base64url"),
      body: JSON.stringify({ kind: "token", jti: randomBytes(16).toString("base64url") }),
      livesMs: LIVES_MS,
    }));
    const attempt = randomBytes(8).toString("base64url");
    const [outcome] = await store.commit([{ attempt, rows: [], notices, facts: [] }]);
    if (outcome?.kind !== "committed") throw new Error(`notices were not made: ${outcome?.kind}`);
  }
  process.send?.("done");
}

function messages(): AsyncIterable<[number]> {
  return on(process, "message") as AsyncIterable<[number]>;
}
