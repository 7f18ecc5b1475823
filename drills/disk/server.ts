// One server of the drill: `server.ts PORT DATA [lying]`. With `lying` it says that a change was written whatever became of it: the control.

import { loadConfig, type Ports, startServer } from "@hallpass/server";

const [port = "", data = "", kind = ""] = process.argv.slice(2);
const over = {
  development: "true",
  listen: `127.0.0.1:${port}`,
  data,
  issuer: `http://127.0.0.1:${port}`,
  log_level: "silent",
};
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
const wrapStore: Ports["wrapStore"] = (store) => ({
  ...store,
  commit: async (changes) => {
    const { head, clock } = await store.read([]);
    const outcomes = await store.commit(changes);
    return outcomes.map((outcome) =>
      outcome.kind === "failed" || outcome.kind === "unknown"
        ? { kind: "committed", pos: head.pos, at: clock }
        : outcome,
    );
  },
});
await startServer(loaded.config, kind === "lying" ? { wrapStore } : {});
process.stdout.write("ready\n");
