// The configuration of a server that a drill starts on a port of its own, for nobody else.

import { type Config, type ConfigSources, loadConfig } from "@hallpass/server";

/** `more` goes before the rest. Throws with every problem. */
export function developmentConfig(port: string, data: string, more: ConfigSources["over"] = {}): Config {
  const at = `127.0.0.1:${port}`;
  const over = { development: "true", listen: at, data, issuer: `http://${at}`, log_level: "silent", ...more };
  const loaded = loadConfig({ env: {}, over });
  if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
  return loaded.config;
}
