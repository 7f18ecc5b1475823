// Reads the configuration: the environment over a file over what stands otherwise. All problems at once, each with the key's name
// and what would be right; after it nobody checks again.

import { isAbsolute, join } from "node:path";
import { envName, KEYS, NAMES, type Name, type Settings, type TenantSettings } from "./config-schema.ts";
import { readDocument } from "./host/document.ts";
import { isLoopback } from "./host/loopback.ts";

/** The tenant that a server always has: whose issuer is the key `issuer`. */
export const DEFAULT_TENANT = "default";

/** The settings, found to fit together. */
export interface Config extends Settings {
  readonly issuer: string;
}

export type LoadedConfig = (
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly string[] }
) & {
  /** What was said of each key, wherever it was said: the first counts. */
  readonly said: ReadonlyMap<Name, readonly Said[]>;
};

/** One place that says something of a key. `text` may be a secret. */
export interface Said {
  readonly by: "command line" | "environment" | "file";
  /** The flag's key, the variable, or the file. */
  readonly place: string;
  readonly text: string;
}

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A JSON or YAML file; an absent one is a problem. `HALLPASS_CONFIG_FILE` names it otherwise. */
  readonly file?: string;
  /** Over everything else: what a command line says. */
  readonly over?: Partial<Record<Name, string>>;
}

/** Of the command line and of the tests: not ours, and no mistake. */
const FOREIGN: ReadonlySet<string> = new Set([
  "HALLPASS_ACTOR",
  "HALLPASS_CI",
  "HALLPASS_CONFIG_FILE",
  "HALLPASS_CREDENTIALS_FILE",
  "HALLPASS_SEEDS",
  "HALLPASS_URL",
]);

/** The command line stands over the environment, that over the file, and that over what is otherwise. */
export function loadConfig({ env, file, over = {} }: ConfigSources): LoadedConfig {
  const problems: string[] = [];
  const said = new Map<Name, readonly Said[]>();
  const say = (name: Name, one: Said): void => void said.set(name, [...(said.get(name) ?? []), one]);
  for (const name of NAMES) {
    const text = over[name];
    if (text !== undefined) say(name, { by: "command line", place: name, text });
  }
  addEnvironment(say, env, problems);
  const path = file ?? env["HALLPASS_CONFIG_FILE"];
  if (path !== undefined) addFile(say, path, problems);
  const settings = parseAll(said, problems);
  if (settings === undefined) return { ok: false, problems, said };
  const issuer = settings.issuer ?? (settings.development ? `http://localhost:${settings.listen.port || 8026}` : "");
  const config: Config = { ...settings, issuer };
  problems.push(...mismatches(config));
  return problems.length > 0 ? { ok: false, problems, said } : { ok: true, config, said };
}

/** What a tenant's part of the configuration is: the server's own, with its issuer, its secrets and a directory below. */
export function configOfTenant(config: Config, tenant: TenantSettings): Config {
  const { kek_file: kekFile = config.kek_file } = tenant;
  return {
    ...config,
    issuer: tenant.issuer,
    data: join(config.data, "tenants", tenant.id),
    kek: tenant.kek_file === undefined ? config.kek : undefined,
    kek_file: kekFile,
    kek_previous_file: tenant.kek_file === undefined ? config.kek_previous_file : undefined,
    // Never another tenant's: whoever operates one would operate both.
    operator_secret_sha256: tenant.operator_secret_sha256,
  };
}

type Say = (name: Name, one: Said) => void;

function addFile(say: Say, path: string, problems: string[]): void {
  const read = readDocument(path);
  if (!read.ok) {
    problems.push(`${path}: ${read.problem}`);
    return;
  }
  const by = "file";
  for (const [name, value] of Object.entries(read.members)) {
    if (!isName(name)) problems.push(`${path}: ${name} is no key`);
    else if (typeof value === "string" || typeof value === "boolean")
      say(name, { by, place: path, text: String(value) });
    // A key with members may stand in a file as what its text spells.
    else if (KEYS[name].members === true && typeof value === "object" && value !== null)
      say(name, { by, place: path, text: JSON.stringify(value) });
    else problems.push(`${path}: ${name} has to be text`);
  }
}

function addEnvironment(say: Say, env: ConfigSources["env"], problems: string[]): void {
  const known = new Map(NAMES.map((name) => [envName(name), name]));
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith("HALLPASS_") || FOREIGN.has(variable) || value === undefined) continue;
    const name = known.get(variable);
    if (name === undefined) problems.push(`${variable} is no key`);
    // An empty variable is how many tools say "not set".
    else if (value !== "") say(name, { by: "environment", place: variable, text: value });
  }
}

function parseAll(said: ReadonlyMap<Name, readonly Said[]>, problems: string[]): Settings | undefined {
  const parsed: Record<string, unknown> = {};
  const before = problems.length;
  for (const name of NAMES) {
    const key = KEYS[name];
    const text = said.get(name)?.[0]?.text ?? key.otherwise;
    if (text === null) continue;
    const result = key.schema.safeParse(text);
    if (result.success) parsed[name] = result.data;
    else problems.push(`${envName(name)} ${result.error.issues[0]?.message ?? "is malformed"}`);
  }
  return problems.length > before ? undefined : (parsed as unknown as Settings);
}

function mismatches(config: Config): readonly string[] {
  const { development, issuer, store, listen, metrics_listen: metrics, gateway_listen: gateways } = config;
  const found: string[] = [];
  if (issuer === "") found.push(`${envName("issuer")} is needed: the origin under which clients reach this server`);
  else if (!development && !issuer.startsWith("https://"))
    found.push(`${envName("issuer")} has to begin with https:// (http only with ${envName("development")}=true)`);
  if (!development && store === "memory")
    found.push(`${envName("store")} may be memory only with ${envName("development")}=true`);
  if (development && !isLoopback(listen.host))
    found.push(
      `${envName("development")} refuses ${envName("listen")} beyond loopback (127.0.0.1, [::1] or localhost)`,
    );
  if (development && metrics !== undefined && !isLoopback(metrics.host))
    found.push(`${envName("development")} refuses ${envName("metrics_listen")} beyond loopback`);
  if (development && gateways !== undefined && !isLoopback(gateways.host))
    found.push(`${envName("development")} refuses ${envName("gateway_listen")} beyond loopback`);
  if (!development && !/^__Host-./.test(config.cookie_name))
    found.push(
      `${envName("cookie_name")} has to begin with __Host- (otherwise only with ${envName("development")}=true)`,
    );
  found.push(...tlsMismatches(config));
  if (config.proxy_secret_file !== undefined && config.trusted_proxies === undefined)
    found.push(`${envName("proxy_secret_file")} needs ${envName("trusted_proxies")}`);
  if (typeof store === "object" && !development && !namesKek(config))
    found.push(`${envName("kek_file")} is needed with PostgreSQL: every node opens the same keys`);
  found.push(...wrappersMismatch(config));
  if (config.workers > 1 && typeof store !== "object")
    found.push(
      `${envName("workers")} has to be 1 with ${envName("store")}=${store}: it serves one process, since it has one writer; with postgres://… several share it`,
    );
  for (const { id } of typeof store === "object" ? config.tenants : []) {
    // Its tables and its channel are named after it, and PostgreSQL's names have at most 63 bytes.
    if (id.length > 45)
      found.push(`${envName("tenants")}: with PostgreSQL a name has at most 45 characters, not ${id}`);
  }
  if (config.kek !== undefined && config.kek_file !== undefined)
    found.push(`${envName("kek")} and ${envName("kek_file")} exclude each other`);
  if (config.client_token_lifetime > config.max_token_lifetime)
    found.push(`${envName("client_token_lifetime")} has to be at most ${envName("max_token_lifetime")}`);
  if (config.facts_file !== undefined && isAbsolute(config.facts_file) && config.tenants.length > 0)
    found.push(`${envName("facts_file")} has to be relative where there are tenants: each has a file of its own`);
  for (const [kind, kept] of config.facts_kept_of) {
    if (kept > config.facts_kept)
      found.push(`${envName("facts_kept_of")} has to be at most ${envName("facts_kept")} for ${kind}`);
  }
  return [...found, ...tenantMismatches(config)];
}

/** The host of an issuer says whose a request is, so no two tenants share one. */
function tenantMismatches({ development, issuer, tenants }: Config): readonly string[] {
  const found: string[] = [];
  const hosts = new Map(issuer === "" ? [] : [[new URL(issuer).host, DEFAULT_TENANT]]);
  for (const { id, issuer: own } of tenants) {
    const { host } = new URL(own);
    const other = hosts.get(host);
    hosts.set(host, id);
    if (id === DEFAULT_TENANT)
      found.push(`${envName("tenants")} may not name ${id}: that is the tenant of the issuer key`);
    else if (other !== undefined) found.push(`${envName("tenants")}: ${id} has the host of ${other}, and may not`);
    if (!development && !own.startsWith("https://"))
      found.push(`${envName("tenants")}: the issuer of ${id} has to begin with https:// (http only in development)`);
  }
  return found;
}

function tlsMismatches(config: Config): readonly string[] {
  const { tls_certificate_file: certificate, tls_key_file: key, tls_client_ca_file: ca, issuer } = config;
  const found: string[] = [];
  if ((certificate === undefined) !== (key === undefined))
    found.push(`${envName("tls_certificate_file")} and ${envName("tls_key_file")} need each other`);
  if (ca !== undefined && certificate === undefined)
    found.push(`${envName("tls_client_ca_file")} needs ${envName("tls_certificate_file")}`);
  if (config.tls_client_certificates === "asked" && ca === undefined)
    found.push(`${envName("tls_client_certificates")} needs ${envName("tls_client_ca_file")}`);
  if (certificate !== undefined && issuer.startsWith("http://"))
    found.push(`${envName("issuer")} has to begin with https:// where ${envName("tls_certificate_file")} is set`);
  return found;
}

/** Whether the key-encryption key comes from elsewhere than a file that this machine makes. */
function namesKek({ kek, kek_file: file, kek_vault: vault, kek_pkcs11: uri }: Config): boolean {
  return [kek, file, vault, uri].some((one) => one !== undefined);
}

function wrappersMismatch(config: Config): readonly string[] {
  const { kek_vault: vault, kek_vault_token_file: tokenFile, kek_pkcs11: uri, development } = config;
  const found: string[] = [];
  if (vault !== undefined && uri !== undefined)
    found.push(`${envName("kek_vault")} and ${envName("kek_pkcs11")} exclude each other`);
  if ((vault === undefined) !== (tokenFile === undefined))
    found.push(`${envName("kek_vault")} and ${envName("kek_vault_token_file")} belong together`);
  if (vault?.startsWith("http://") === true && !development)
    found.push(`${envName("kek_vault")} has to begin with https:// (http only with ${envName("development")}=true)`);
  return found;
}

function isName(text: string): text is Name {
  return (NAMES as readonly string[]).includes(text);
}
