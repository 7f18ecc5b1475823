// The configuration, for commands that need all of it: what is wrong with it is a complaint.

import { type Config, loadConfig } from "@hallpass/server";
import { usage } from "../complaint.ts";
import type { Context } from "../context.ts";
import { type SourceOptions, sourcesOf } from "./sources.ts";

/** Throws a complaint that names every problem. */
export function configured({ terminal, connection }: Context, options: SourceOptions): Config {
  const loaded = loadConfig(sourcesOf(terminal.env, connection, options));
  if (!loaded.ok)
    throw usage(
      loaded.problems.join("; "),
      "give it the server's own configuration: its environment, --config, or --set development=true for one of hallpass serve --development",
    );
  return loaded.config;
}
