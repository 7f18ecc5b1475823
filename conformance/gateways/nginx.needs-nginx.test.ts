// nginx with auth_request.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { asksBeforeItPasses } from "./forward-auth.ts";

asksBeforeItPasses("nginx", async ({ folder, written, run }) => {
  const site = written("nginx.conf");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const main = join(folder, "main.conf");
  const http = [...paths, "access_log off;", `include ${site};`].join("\n");
  writeFileSync(main, `daemon off;\nuser root;\npid ${folder}/nginx.pid;\nevents {}\nhttp {\n${http}\n}\n`);
  await run("nginx", ["-p", folder, "-e", "stderr", "-c", main]);
});
