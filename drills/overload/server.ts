// One server of the drill: `server.ts PORT DATA DOOR CHANGES`. With the door `open` nobody is ever turned away: the control. CHANGES: how many
// its store takes in a second; 0 for as many as it can.

import { join } from "node:path";
import { type Ports, startServer } from "@hallpass/server";
import { developmentConfig } from "../development-config.ts";
import { watchShed } from "./shed-times.ts";
import { slowed } from "./slowed.ts";

const [port = "", data = "", door = "", changes = "0"] = process.argv.slice(2);
const config = developmentConfig(port, data, { log_level: "error" });
const wrapAdmission: Ports["wrapAdmission"] = (admission) => {
  if (door === "open")
    for (const lane of admission.lanes) Object.defineProperty(lane, "places", { get: () => Infinity, set: () => {} });
  return admission;
};
watchShed(join(data, "shed.json"));
const wrapStore: Ports["wrapStore"] = (store) => (changes === "0" ? store : slowed(store, Number(changes)));
const logTo = { write: (line: string) => process.stderr.write(line) };
await startServer(config, { wrapAdmission, wrapStore, logTo });
process.stdout.write("ready\n");
