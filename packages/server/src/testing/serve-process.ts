// The smallest program that serves, for tests that send signals to a process. The data directory is its argument.

import { loadConfig } from "../config.ts";
import { closeOnSignals } from "../host/close-on-signals.ts";
import { startServer } from "../main.ts";

const over = { development: "true", data: process.argv[2] ?? "", listen: "127.0.0.1:0" };
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("; "));
closeOnSignals(await startServer(loaded.config));
