// A node of the drill: a server as its environment says. `--without-lease`: its clock stands still, so that no lease on a server of the
// database ever ends, which is the variant that has to be caught.

import { type Clock, instantOf } from "@hallpass/core";
import { loadConfig, startServer } from "@hallpass/server";

const standing: Clock = { now: () => instantOf(Date.now()), monotonic: () => 0 };
const loaded = loadConfig({ env: process.env });
if (!loaded.ok) throw new Error(loaded.problems.join("; "));
await startServer(loaded.config, process.argv.includes("--without-lease") ? { clock: standing } : {});
