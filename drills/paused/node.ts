// A node that stops itself, when SIGUSR2 has asked for it, as soon as it has read a session: what it knows then is old when it goes on.

import type { RowKey, Store } from "@hallpass/core";
import { loadConfig, startServer } from "@hallpass/server";

let isAsked = false;
process.on("SIGUSR2", () => {
  isAsked = true;
  console.error("asked to stop");
});

function wrapStore(store: Store): Store {
  return {
    ...store,
    read: async (keys: readonly RowKey[]) => {
      const snapshot = await store.read(keys);
      if (isAsked && keys.some(({ kind }) => kind === "session")) {
        isAsked = false;
        process.kill(process.pid, "SIGSTOP");
      }
      return snapshot;
    },
  };
}

const loaded = loadConfig({ env: process.env });
if (!loaded.ok) throw new Error(loaded.problems.join("; "));
const server = await startServer(loaded.config, { wrapStore });
process.on("SIGTERM", () => void server.close().then(() => process.exit(0)));
