// The node of the drill: a server whose minute is as long as it is told, and that stops itself, when told to, in the very moment in which
// it would commit the rotation of a key. `--without-fence`: its store compares no leader's row, which is the variant that has to be caught.

import { setImmediate as nextTurn } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Change, type Scheduler, type Store } from "@hallpass/core";
import { loadConfig, startServer } from "@hallpass/server";

const { values } = parseArgs({
  options: {
    minute: { type: "string", default: "60000" },
    "stops-itself": { type: "boolean", default: false },
    "without-fence": { type: "boolean", default: false },
  },
});
const answers = (): boolean => true;
const refuses = (): boolean => false;
const minute = Number(values.minute);

const rotates = ({ facts }: Change): boolean => facts.some(({ kind }) => kind === "key_retired");

function unfenced(change: Change): Change {
  return { ...change, rows: change.rows.filter(({ key, next }) => key.id !== "leader" || next !== "same") };
}

function wrapStore(store: Store): Store {
  let hasStopped = false;
  return {
    ...store,
    commit: async (changes) => {
      // The lease itself stays compared: only the rotation is not.
      const sent = values["without-fence"] && changes.some(rotates) ? changes.map(unfenced) : changes;
      if (!values["stops-itself"] || hasStopped || !changes.some(rotates)) return store.commit(sent);
      hasStopped = true;
      process.kill(process.pid, "SIGSTOP");
      // The lease on the server ended meanwhile, and would refuse the change by itself: what is tried here is the fence.
      const asked = async (): Promise<unknown> => store.read([]);
      while (!(await asked().then(answers, refuses))) await nextTurn();
      const outcomes = await store.commit(sent);
      console.error(`the stopped change: ${outcomes.map(({ kind }) => kind).join(" ")}`);
      return outcomes;
    },
  };
}

const scheduler: Scheduler = {
  after: (ms, task) => {
    const timer = setTimeout(task, ms === 60_000 ? minute : ms);
    return () => clearTimeout(timer);
  },
};

const loaded = loadConfig({ env: process.env });
if (!loaded.ok) throw new Error(loaded.problems.join("; "));
const server = await startServer(loaded.config, { scheduler, wrapStore });
process.on("SIGTERM", () => void server.close().then(() => process.exit(0)));
