// `config check`: every key with its value and whether it is right; all problems at once. Secrets are never shown.

import { type Config, envName, KEYS, loadConfig, NAMES } from "@hallpass/server";
import { Complaint } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { columns } from "../print/columns.ts";
import { printJson, printLines } from "../terminal.ts";
import { sourcesOf } from "./sources.ts";

export interface ConfigOptions {
  readonly config?: string;
  /** `key=value`, over everything else. */
  readonly set?: readonly string[];
  readonly json?: true;
}

export async function checkConfig({ terminal, connection }: Context, options: ConfigOptions): Promise<Outcome> {
  const loaded = loadConfig(sourcesOf(terminal.env, connection, options));
  if (!loaded.ok) {
    for (const problem of loaded.problems) terminal.say(`problem: ${problem}\n`);
    const count = loaded.problems.length;
    throw new Complaint(
      EXIT.usage,
      `the configuration has ${count === 1 ? "a problem" : `${count} problems`}`,
      "set what is named above, in the environment or in a file given with --config",
    );
  }
  const shown = Object.fromEntries(NAMES.map((name) => [name, valueOf(loaded.config, name)]));
  if (options.json === true) printJson(terminal, shown);
  else {
    // A span of time or a size as it may be written, not in the unit that the server counts in.
    const written = (name: keyof Config): string | null =>
      typeof loaded.config[name] === "number" ? (loaded.said.get(name)?.[0]?.text ?? KEYS[name].otherwise) : null;
    const rows = NAMES.map((name) => [
      name,
      written(name) ?? shown[name] ?? "(not set)",
      envName(name),
      KEYS[name].what,
    ]);
    printLines(terminal, columns(["KEY", "VALUE", "VARIABLE", "WHAT"], rows));
  }
  return undefined;
}

function valueOf(config: Config, name: keyof Config): string | null {
  const value = config[name];
  if (value === undefined) return null;
  if (KEYS[name].secret === true) return "(secret)";
  if (typeof value === "object" && "port" in value) return `${value.host}:${value.port}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
