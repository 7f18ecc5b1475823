// A node of whichever release this file lies beside: its configuration is its environment.

import { closeOnSignals, loadConfig, startServer } from "@hallpass/server";

const loaded = loadConfig({ env: process.env });
if (!loaded.ok) throw new Error(loaded.problems.join("; "));
closeOnSignals(await startServer(loaded.config));
