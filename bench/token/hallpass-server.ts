// One Hallpass server for the measurements: `hallpass-server.ts KEYS [NOTICES]`, KEYS a JSON object of configuration. So many sessions that
// nobody has are revoked before it is ready.

import { randomBytes, randomUUID } from "node:crypto";
import { loadConfig, startServer } from "@hallpass/server";

const keys = JSON.parse(process.argv[2] ?? "null") as Readonly<Record<string, string>>;
// One client stands for all: it is not limited.
const over = { development: "true", log_level: "warn", client_token_limit: "off", ...keys };
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
const { services } = await startServer(loaded.config);
const notices = Number(process.argv[3] ?? 0);
const CHANGE = 1000;
const LIVES_MS = 3_600_000;
for (let made = 0; made < notices; made += CHANGE) {
  const drafts = Array.from({ length: Math.min(CHANGE, notices - made) }, () => ({
    tenant: services.tenant,
    mark: randomBytes(8).toString("base64url"),
    body: JSON.stringify({ kind: "session", sid: randomUUID() }),
    livesMs: LIVES_MS,
  }));
  const attempt = randomBytes(8).toString("base64url");
  const [outcome] = await services.store.commit([{ attempt, rows: [], notices: drafts, facts: [] }]);
  if (outcome?.kind !== "committed") throw new Error(`notices were not made: ${outcome?.kind}`);
}
process.stdout.write(`ready ${keys["listen"] ?? ""}\n`);
