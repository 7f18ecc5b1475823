// What workerd reads instead of a package: every module by its name, and the settings as a binding. A bare name is looked
// for beside the module that imports it, so the verifier's files stand at the top and the protocol's in @hallpass.

import { globSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const ENTRY = "verifier-entry.js";

/** Writes the file and answers its name. */
export function workerdConfig(project: string, settings: string, port: number): string {
  writeFileSync(join(project, ENTRY), 'export * from "../index.js";\n');
  const modules = [
    ["worker", "worker.js"],
    ["handler.js", "handler.js"],
    ["@hallpass/verifier", ENTRY],
    ...filesOf(project, "verifier", (name) => name),
    ...filesOf(project, "protocol", (name) => (name === "index.js" ? "@hallpass/protocol" : `@hallpass/${name}`)),
  ];
  const listed = modules.map(([name, path]) => `(name = "${name}", esModule = embed "${path}")`).join(",\n      ");
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [
      ${listed}],
      bindings = [(name = "SETTINGS", text = ${JSON.stringify(settings)})],
      compatibilityDate = "2026-07-01",
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
  const path = join(project, "config.capnp");
  writeFileSync(path, config);
  return path;
}

function filesOf(project: string, name: string, named: (file: string) => string): [string, string][] {
  const dist = `node_modules/@hallpass/${name}/dist`;
  return globSync(`${dist}/*.js`, { cwd: project }).map((path) => [named(basename(path)), path]);
}
