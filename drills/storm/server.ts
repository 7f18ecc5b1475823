// One server of the drill: `server.ts PORT DATA`.

import { loadConfig, startServer } from "@hallpass/server";

const [port = "", data = ""] = process.argv.slice(2);
const over = {
  development: "true",
  listen: `127.0.0.1:${port}`,
  data,
  issuer: `http://127.0.0.1:${port}`,
  log_level: "error",
};
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
await startServer(loaded.config, { logTo: { write: (line) => process.stderr.write(line) } });
process.stdout.write("ready\n");
