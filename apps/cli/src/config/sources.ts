// Where the configuration comes from on a command line: --config names the file, --set and --data stand over everything.

import { type ConfigSources, NAMES, type Name } from "@hallpass/server";
import { usage } from "../complaint.ts";
import type { ConnectionOptions } from "../connection/settings.ts";

export interface SourceOptions {
  readonly config?: string;
  readonly set?: readonly string[];
}

export const SEE_KEYS = "see them with: hallpass config explain --all";

/** Throws a complaint for a --set that names no key. */
export function sourcesOf(
  env: ConfigSources["env"],
  connection: ConnectionOptions,
  { config, set = [] }: SourceOptions,
): ConfigSources {
  const given = set.map((text): [Name, string] => {
    const [name, value] = split(text);
    if (value === undefined) throw usage(`--set ${name} has no value`, "write it like --set log_level=debug");
    if (!isName(name)) throw usage(`${name} is no key`, SEE_KEYS);
    return [name, value];
  });
  return {
    env,
    ...(config === undefined ? {} : { file: config }),
    over: { ...(connection.data === undefined ? {} : { data: connection.data }), ...Object.fromEntries(given) },
  };
}

function split(text: string): readonly [string, string | undefined] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}

export function isName(text: string): text is Name {
  return (NAMES as readonly string[]).includes(text);
}
