// A node as its environment says. `--careless`: its store writes over a later version, and makes what is there already, without comparing, a
// moment after it was asked to, which has to be caught.

import { setTimeout as wait } from "node:timers/promises";
import type { Store } from "@hallpass/core";
import { closeOnSignals, loadConfig, startServer } from "@hallpass/server";
import { brokenStores } from "../../packages/store-contract/src/broken/index.ts";

const A_MOMENT_MS = 20;
const loaded = loadConfig({ env: process.env });
if (!loaded.ok) throw new Error(loaded.problems.join("; "));
const spoilers = ["racing.one-winner", "racing.one-maker"].map((rule) => {
  const found = brokenStores.find(({ breaks }) => breaks === rule);
  if (found === undefined) throw new Error(`there is no store that breaks ${rule}`);
  return found;
});
const isCareless = process.argv.includes("--careless");
const wrapStore = (store: Store): Store => {
  const spoiled = spoilers.reduce((one, { spoil }) => spoil(one), store);
  return {
    ...spoiled,
    commit: async (changes) => {
      await wait(A_MOMENT_MS);
      return spoiled.commit(changes);
    },
  };
};
closeOnSignals(await startServer(loaded.config, isCareless ? { wrapStore } : {}));
