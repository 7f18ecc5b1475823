// Caddy with forward_auth.

import { readFileSync, writeFileSync } from "node:fs";
import { asksBeforeItPasses } from "./forward-auth.ts";

asksBeforeItPasses("Caddy", async ({ folder, written, run }) => {
  const path = written("Caddyfile");
  writeFileSync(path, `{\n\tadmin off\n\tauto_https off\n}\n${readFileSync(path, "utf8")}`);
  const home = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  await run("caddy", ["run", "--adapter", "caddyfile", "--config", path], home);
});
