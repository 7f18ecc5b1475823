// One server of the drill: `server.ts PORT DATA [leaking]`. It tells whoever sends it "look" what it holds, after a collection. With `leaking` it
// keeps a copy of every change, and of every sixteenth a timer and an open file: the control.

import { openSync, readdirSync } from "node:fs";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Ports, startServer } from "@hallpass/server";
import { developmentConfig } from "../development-config.ts";

/** All but `cpuMs` are not to grow. */
export interface Look {
  readonly heapBytes: number;
  /** Of the heap, what the platform has compiled: functions are compiled again, for speed, as they are called more often. */
  readonly codeBytes: number;
  /** Outside of the heap: buffers. */
  readonly externalBytes: number;
  readonly residentBytes: number;
  readonly descriptors: number;
  /** Timers, sockets and what else the event loop knows. */
  readonly resources: number;
  readonly cpuMs: number;
}

const [port = "", data = "", kind = ""] = process.argv.slice(2);
const config = developmentConfig(port, data, {
  max_token_lifetime: "3s",
  client_token_lifetime: "3s",
  facts_kept: "5s",
  audit_kept: "5s",
  audit_checkpoint_every: "2s",
});
const kept: unknown[] = [];
let changes = 0;
const wrapStore: Ports["wrapStore"] = (store) => ({
  ...store,
  commit: async (given) => {
    for (const change of given) {
      kept.push(structuredClone(change), "x".repeat(4096).split(""));
      changes += 1;
      if (changes % 16 !== 0) continue;
      openSync("/dev/null", "r");
      setTimeout(() => {}, 1e9);
    }
    return store.commit(given);
  },
});
await startServer(config, kind === "leaking" ? { wrapStore } : {});
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
process.on("message", () => {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const look: Look = {
    heapBytes: heapUsed,
    codeBytes: getHeapSpaceStatistics()
      .filter(({ space_name: name }) => /^(?:code|trusted)_/.test(name))
      .reduce((sum, { space_used_size: used }) => sum + used, 0),
    externalBytes: external,
    residentBytes: rss,
    descriptors: readdirSync("/proc/self/fd").length,
    resources: process.getActiveResourcesInfo().length,
    cpuMs: (user + system) / 1000,
  };
  process.send?.(look);
});
process.send?.("ready");
