// One server of the drill: `server.ts PORT DATA [open]`. With `open` nobody is ever turned away: the control.

import { join } from "node:path";
import { loadConfig, type Ports, startServer } from "@hallpass/server";
import { watchShed } from "./shed-times.ts";

const [port = "", data = "", door = ""] = process.argv.slice(2);
const over = {
  development: "true",
  listen: `127.0.0.1:${port}`,
  data,
  issuer: `http://127.0.0.1:${port}`,
  log_level: "error",
};
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
const wrapAdmission: Ports["wrapAdmission"] = (admission) => {
  if (door === "open")
    for (const lane of admission.lanes) Object.defineProperty(lane, "places", { get: () => Infinity, set: () => {} });
  return admission;
};
watchShed(join(data, "shed.json"));
await startServer(loaded.config, { wrapAdmission, logTo: { write: (line) => process.stderr.write(line) } });
process.stdout.write("ready\n");
