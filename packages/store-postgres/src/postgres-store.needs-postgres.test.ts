// The contract, whole, on a real server. The same file is the program that the rule about killing kills.

import { after } from "node:test";
import type { Store } from "@hallpass/core";
import { commitUntilKilled, storeContract } from "@hallpass/store-contract";
import { openPostgresStore } from "./postgres-store.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const [role, url, schema] = process.argv.slice(2);
if (role === "commit until killed" && url !== undefined && schema !== undefined) {
  await commitUntilKilled(await open(url, schema));
} else {
  const server = await startPostgres();
  let opened = 0;
  storeContract("postgres", async () => {
    opened += 1;
    const fresh = `store_${opened}`;
    return {
      store: await open(server.url, fresh),
      reopen: () => open(server.url, fresh),
      committer: ["--conditions=hallpass-source", import.meta.filename, "commit until killed", server.url, fresh],
    };
  });
  after(() => server.stop());
}

function open(at: string, inside: string): Promise<Store> {
  return openPostgresStore({
    url: at,
    schema: inside,
    dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    scheduler: {
      after: (ms, task) => {
        const timer = setTimeout(task, ms);
        return () => clearTimeout(timer);
      },
    },
  });
}
