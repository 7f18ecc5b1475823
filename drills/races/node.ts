// A node as its environment says, whose door is held open: whoever was turned away would not race. It says when it listens, and when it leaves
// how many commits lost at its store, because somebody else had changed the row since it was read. `--careless`: its store writes over a
// later version, and makes what is there already, without comparing, a moment after it was asked to, which has to be caught.

import { setTimeout as wait } from "node:timers/promises";
import type { Store } from "@hallpass/core";
import { closeOnSignals, loadConfig, type Ports, startServer } from "@hallpass/server";
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
let lost = 0;

function counted(store: Store): Store {
  return {
    ...store,
    commit: async (changes) => {
      const outcomes = await store.commit(changes);
      lost += outcomes.filter(({ kind }) => kind === "conflict").length;
      return outcomes;
    },
  };
}

function careless(store: Store): Store {
  const spoiled = spoilers.reduce((one, { spoil }) => spoil(one), store);
  return {
    ...spoiled,
    commit: async (changes) => {
      await wait(A_MOMENT_MS);
      return spoiled.commit(changes);
    },
  };
}

const wrapAdmission: Ports["wrapAdmission"] = (admission) => {
  for (const lane of admission.lanes) Object.defineProperty(lane, "places", { get: () => Infinity, set: () => {} });
  return admission;
};
const logTo = { write: (line: string) => process.stderr.write(line) };
const wrapStore = isCareless ? careless : counted;
const server = await startServer(loaded.config, { wrapStore, wrapAdmission, logTo });
closeOnSignals(server);
process.once("exit", () => console.log(JSON.stringify({ event: "left", lost })));
console.log(JSON.stringify({ event: "listening", url: server.url }));
