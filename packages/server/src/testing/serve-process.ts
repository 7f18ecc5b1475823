// The smallest program that serves, for tests that send signals to a process. Its arguments: the data directory, and a store other than SQLite.

import { loadConfig } from "../config.ts";
import { closeOnSignals } from "../host/close-on-signals.ts";
import { startServer } from "../main.ts";

const [data = "", store = "sqlite"] = process.argv.slice(2);
const over = { development: "true", data, store, listen: "127.0.0.1:0" };
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("; "));
closeOnSignals(await startServer(loaded.config));
