// The contract, whole, on a real server. The same file is the program that the rule about killing kills.

import { after } from "node:test";
import { commitUntilKilled, storeContract } from "@hallpass/store-contract";
import { openStore } from "./testing/open-store.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const [role, url, schema] = process.argv.slice(2);
if (role === "commit until killed" && url !== undefined && schema !== undefined) {
  await commitUntilKilled(await openStore(url, schema));
} else {
  const server = await startPostgres();
  let opened = 0;
  storeContract("postgres", async () => {
    opened += 1;
    const fresh = `store_${opened}`;
    return {
      store: await openStore(server.url, fresh),
      reopen: () => openStore(server.url, fresh),
      committer: ["--conditions=hallpass-source", import.meta.filename, "commit until killed", server.url, fresh],
    };
  });
  after(() => server.stop());
}
