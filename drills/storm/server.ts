// One server of the drill: `server.ts PORT DATA`.

import { startServer } from "@hallpass/server";
import { developmentConfig } from "../development-config.ts";

const [port = "", data = ""] = process.argv.slice(2);
const config = developmentConfig(port, data, { log_level: "error" });
await startServer(config, { logTo: { write: (line) => process.stderr.write(line) } });
process.stdout.write("ready\n");
