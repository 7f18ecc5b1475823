// One Hallpass server for the measurement: `node --conditions=hallpass-source hallpass-server.ts PORT DATA STORE`.

import { loadConfig, startServer } from "@hallpass/server";

const [port = "", data = "", store = "sqlite"] = process.argv.slice(2);
const over = {
  development: "true",
  listen: `127.0.0.1:${port}`,
  data,
  issuer: `http://127.0.0.1:${port}`,
  log_level: "warn",
  store,
  // One client stands for all.
  client_token_limit: "off",
};
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
await startServer(loaded.config);
process.stdout.write(`ready ${port}\n`);
