// One server of the drill: `server.ts PORT DATA [planted]`. Writes down for how long its main thread was on a CPU between two ticks of a timer:
// of nothing else a request waits that another asked for. Planted: each hundredth read of the store holds it up for a fifth of a second, the control.

import { ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { threadCpuUsage } from "node:process";
import { type Ports, startServer } from "@hallpass/server";
import { developmentConfig } from "../development-config.ts";

const [port = "", data = "", planted] = process.argv.slice(2);
const config = developmentConfig(port, data, { log_level: "error" });
const EACH = 100;
const PLANTED_MS = 200;

/** On a CPU, whatever else the machine does. */
function standStill(): void {
  const from = threadCpuUsage();
  let used = 0;
  while (used < PLANTED_MS * 1000) {
    const { user, system } = threadCpuUsage(from);
    used = user + system;
  }
}

let reads = 0;
const wrapStore: Ports["wrapStore"] = (store) =>
  planted === undefined
    ? store
    : {
        ...store,
        read: (keys) => {
          reads += 1;
          if (reads % EACH === 0) standStill();
          return store.read(keys);
        },
      };
await startServer(config, { wrapStore, logTo: { write: (line) => process.stderr.write(line) } });

const turns: number[] = [];
let before = threadCpuUsage();
setInterval(() => {
  const used = threadCpuUsage(before);
  before = threadCpuUsage();
  turns.push((used.user + used.system) / 1000);
}, 1);
// Open from the beginning: later there may be no descriptor left.
const file = openSync(join(data, "turns.json"), "w");
let looks = 0;
process.on("SIGUSR2", () => {
  looks += 1;
  ftruncateSync(file, 0);
  writeSync(file, JSON.stringify({ looks, turns: turns.splice(0) }), 0);
});
process.stdout.write("ready\n");
