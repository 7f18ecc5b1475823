// One Hallpass server for the measurements: `node --conditions=hallpass-source hallpass-server.ts KEYS`, KEYS a JSON object of configuration.

import { loadConfig, startServer } from "@hallpass/server";

const keys = JSON.parse(process.argv[2] ?? "null") as Readonly<Record<string, string>>;
// One client stands for all: it is not limited.
const over = { development: "true", log_level: "warn", client_token_limit: "off", ...keys };
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
await startServer(loaded.config);
process.stdout.write(`ready ${keys["listen"] ?? ""}\n`);
