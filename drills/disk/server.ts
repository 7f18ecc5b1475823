// One server of the drill: `server.ts PORT DATA [lying]`. With `lying` it says that a change was written whatever became of it, and
// keeps the receipt in memory alone: the control.

import type { Row, RowKey } from "@hallpass/core";
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
const wrapStore: Ports["wrapStore"] = (store) => {
  /** Receipts that no disk holds: the server reads each again before it answers, and would say that its history is lost. */
  const receipts = new Map<string, Row>();
  return {
    ...store,
    read: async (keys) => {
      const snapshot = await store.read(keys);
      const get = (key: RowKey): Row | undefined =>
        snapshot.get(key) ?? (key.kind === "revocation" ? receipts.get(key.id) : undefined);
      return { get, has: (key) => snapshot.has(key), head: snapshot.head, clock: snapshot.clock };
    },
    commit: async (changes) => {
      const { head, clock } = await store.read([]);
      const outcomes = await store.commit(changes);
      return outcomes.map((outcome, index) => {
        if (outcome.kind !== "failed" && outcome.kind !== "unknown") return outcome;
        const change = changes[index];
        for (const { key, next } of change?.rows ?? [])
          if (key.kind === "revocation" && typeof next === "object")
            receipts.set(key.id, {
              key,
              version: 1,
              attempt: change?.attempt ?? "",
              notBefore: null,
              raisedAt: null,
              ...next,
            });
        return { kind: "committed", pos: head.pos, at: clock };
      });
    },
  };
};
await startServer(loaded.config, kind === "lying" ? { wrapStore } : {});
process.stdout.write("ready\n");
