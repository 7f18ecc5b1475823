// What the configuration that is given here says. Nothing given is nothing seen: what stands otherwise is another server's, perhaps.

import { statSync } from "node:fs";
import { join } from "node:path";
import { type Config, configOfTenant, envName, KEYS, type LoadedConfig, loadConfig, type Name } from "@hallpass/server";
import { type SourceOptions, sourcesOf } from "../config/sources.ts";
import type { Context } from "../context.ts";
import type { Facts } from "./facts.ts";
import { saw, unseen } from "./look.ts";

type ConfigFacts = Pick<Facts, "problems" | "config" | "secretVariables" | "openFiles">;

const NOT_GIVEN = unseen("no configuration is given here: run it with the server's environment, or with --config");

export function gatherConfig({ terminal, connection }: Context, options: SourceOptions): ConfigFacts {
  const sources = sourcesOf(terminal.env, connection, options);
  const loaded = loadConfig(sources);
  // The data directory is named to find credentials as well, and says nothing of the server.
  const given =
    sources.file ?? terminal.env["HALLPASS_CONFIG_FILE"] ?? [...loaded.said.keys()].find((name) => name !== "data");
  if (given === undefined)
    return { problems: NOT_GIVEN, config: NOT_GIVEN, secretVariables: NOT_GIVEN, openFiles: NOT_GIVEN };
  const variables = [...loaded.said].flatMap(([name, places]) =>
    places.flatMap((one) => (one.by === "environment" && name !== "data" ? [{ name, text: one.text }] : [])),
  );
  const isServers = variables.length > 0 || terminal.env["HALLPASS_CONFIG_FILE"] !== undefined;
  const secret = variables.flatMap(({ name, text }) => (holdsSecret(name, text) ? [envName(name)] : []));
  return {
    problems: saw(loaded.ok ? [] : loaded.problems),
    config: loaded.ok ? saw(loaded.config) : unseen("the configuration has problems"),
    openFiles: loaded.ok ? openFilesOf(loaded.config, loaded.said) : unseen("the configuration has problems"),
    secretVariables: isServers ? saw(secret) : unseen("the server's environment is not given here"),
  };
}

/** A configuration of another server says nothing of this one. */
export function ofServer(facts: ConfigFacts, issuer: Facts["issuer"]): ConfigFacts {
  if (!facts.config.seen || !issuer.seen) return facts;
  const { issuer: configured, tenants } = facts.config.value;
  if ([configured, ...tenants.map((one) => one.issuer)].includes(issuer.value)) return facts;
  const other = unseen("the configuration is another server's");
  return {
    problems: saw([`it is of ${configured}, and the server that answers is ${issuer.value}`]),
    config: other,
    secretVariables: other,
    openFiles: other,
  };
}

/** The address of a database may have a password in it. */
function holdsSecret(name: Name, text: string): boolean {
  return KEYS[name].secret === true || (name === "store" && /\/\/[^/@\s]*:[^/@\s]+@|[?&]password=/.test(text));
}

const EVERYBODY = 0o007;
/** Made in the data directory, and in that of each further tenant, where nothing else is configured. */
const OWN_FILES = ["key-encryption-key", "operator-credentials"];

/** What is not there, or can't be looked at from here, is not everybody's. */
function openFilesOf(config: Config, said: LoadedConfig["said"]): Facts["openFiles"] {
  if (process.platform === "win32") return unseen("this system has no modes of files");
  const { kek_file: kek, kek_previous_file: previous, kek_vault_token_file: vault } = config;
  const { proxy_secret_file: proxy, tls_key_file: key, data, tenants } = config;
  const named = [kek, previous, vault, proxy, key, ...tenants.map((tenant) => tenant.kek_file)];
  const directories = [data, ...tenants.map((tenant) => configOfTenant(config, tenant).data)];
  const own = directories.flatMap((directory) => OWN_FILES.map((name) => join(directory, name)));
  const settings = [...said].flatMap(([name, places]) =>
    places.flatMap((one) => (one.by === "file" && holdsSecret(name, one.text) ? [one.place] : [])),
  );
  return saw([...new Set([...named.flatMap((path) => path ?? []), ...own, ...settings])].filter(isEverybodys));
}

function isEverybodys(path: string): boolean {
  try {
    return (statSync(path).mode & EVERYBODY) !== 0;
  } catch {
    // Also where a directory above it lets nobody through: the doctor is run by whoever is there.
    return false;
  }
}
