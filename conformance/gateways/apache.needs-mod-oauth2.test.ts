// Apache with mod_oauth2, which fetches the JWKS itself.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifiesTokens } from "./verifies-tokens.ts";

const MODULES = "/usr/lib/apache2/modules";
const NEEDED = ["mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "headers", "oauth2"];

verifiesTokens("Apache with mod_oauth2", async ({ at, folder, written, run }) => {
  const path = written("apache.conf");
  const modules = NEEDED.filter((name) => existsSync(`${MODULES}/mod_${name}.so`));
  const main = join(folder, "httpd.conf");
  writeFileSync(
    main,
    [
      ...modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
      `ServerRoot ${folder}`,
      `PidFile ${folder}/apache.pid`,
      `DefaultRuntimeDir ${folder}`,
      "Mutex posixsem",
      `ErrorLog ${folder}/error.log`,
      "User www-data",
      "Group www-data",
      "ServerName gateway.example",
      `Listen ${at}`,
      `Include ${path}`,
      "",
    ].join("\n"),
  );
  await run("apache2", ["-f", main, "-DFOREGROUND"]);
});
