// Every configuration key in one table: values are parsed from it, the reference is printed from it, `config check` speaks with its words.
// Each key is text: in the environment as HALLPASS_ and the name in capitals, in a file (JSON or YAML) under the name itself, where a key
// with members (`tenants`) may stand as what its text spells.

import type { FactKind } from "@hallpass/core";
import { z } from "zod";
import type { Limit, Listen, StoreChoice, TenantSettings } from "./config-values.ts";
import * as values from "./config-values.ts";
import type { ProxyHeader } from "./host/arrivals.ts";
import type { Pkcs11Uri } from "./host/kek/pkcs11.ts";

export type { Limit, Listen, StoreChoice, TenantSettings } from "./config-values.ts";

/** What the keys are parsed to. Times are whole seconds. */
export interface Settings {
  readonly development: boolean;
  readonly issuer: string | undefined;
  readonly listen: Listen;
  readonly metrics_listen: Listen | undefined;
  readonly gateway_listen: Listen | undefined;
  readonly data: string;
  readonly region: string | undefined;
  readonly store: StoreChoice;
  readonly kek: Uint8Array | undefined;
  readonly kek_file: string | undefined;
  readonly kek_previous_file: string | undefined;
  readonly kek_vault: string | undefined;
  readonly kek_vault_token_file: string | undefined;
  readonly kek_pkcs11: Pkcs11Uri | undefined;
  readonly operator_secret_sha256: string | undefined;
  readonly max_token_lifetime: number;
  readonly client_token_lifetime: number;
  readonly client_token_limit: Limit;
  readonly session_opening_limit: Limit;
  readonly failed_authentication_limit: Limit;
  readonly introspection_miss_limit: Limit;
  readonly cookie_name: string;
  readonly cookie_same_site: "Lax" | "Strict";
  readonly store_size_planned: number | undefined;
  readonly revocation_journal: string | undefined;
  readonly revocation_journal_kept: number;
  readonly facts_kept: number;
  readonly facts_kept_of: readonly (readonly [kind: FactKind, seconds: number])[];
  readonly facts_file: string | undefined;
  readonly audit_kept: number;
  readonly audit_without: readonly FactKind[];
  readonly audit_checkpoint_every: number;
  readonly shutdown_limit: number;
  readonly workers: number;
  readonly tenants: readonly TenantSettings[];
  readonly tls_certificate_file: string | undefined;
  readonly tls_key_file: string | undefined;
  readonly tls_client_ca_file: string | undefined;
  readonly tls_client_certificates: "required" | "asked";
  readonly tls_minimum_version: "1.2" | "1.3";
  readonly trusted_proxies: readonly string[] | undefined;
  readonly proxy_header: ProxyHeader;
  readonly proxy_secret_file: string | undefined;
  readonly outbound_networks: readonly string[] | undefined;
  readonly log_level: "debug" | "info" | "warn" | "error" | "silent";
}

export type Name = keyof Settings;

export interface Key<T> {
  readonly what: string;
  /** What stands when the key is absent; null for nothing. */
  readonly otherwise: string | null;
  /** True for a key whose value never stands in a log or in `config check`. */
  readonly secret?: true;
  /** True for a key whose text is JSON: in a file it may stand as the object itself. */
  readonly members?: true;
  readonly schema: z.ZodType<T, string>;
}

export const KEYS: { readonly [N in Name]: Key<NonNullable<Settings[N]>> } = {
  development: {
    what: "Insecure conveniences: a demo client, plain http, the memory store. Refuses every address but loopback.",
    otherwise: "false",
    schema: values.flag,
  },
  issuer: {
    what: "The issuer's origin, as clients and verifiers know it: what stands in `iss`. Needed, but for development.",
    otherwise: null,
    schema: values.issuer,
  },
  listen: {
    what: "Where to listen: plain HTTP behind a TLS proxy, or HTTPS with a certificate of its own.",
    otherwise: "127.0.0.1:8026",
    schema: values.listen,
  },
  tls_certificate_file: {
    what: "A file with the certificate and what leads to its root, in PEM: HTTPS. Looked at every ten seconds; a renewed one serves the next connection.",
    otherwise: null,
    schema: values.path,
  },
  tls_key_file: { what: "A file with the certificate's private key, in PEM.", otherwise: null, schema: values.path },
  tls_client_ca_file: {
    what: "A file with certificates, in PEM: whoever connects is asked for one that they vouch for. Clients that are registered with `tls_client_auth` authenticate by it.",
    otherwise: null,
    schema: values.path,
  },
  tls_client_certificates: {
    what: "`required`: who has no certificate that is vouched for gets no connection. `asked`: whoever has none, or another, gets one, and is no client of `tls_client_auth`.",
    otherwise: "required",
    schema: z.enum(["required", "asked"], "has to be required or asked"),
  },
  tls_minimum_version: {
    what: "The oldest version of TLS that is spoken.",
    otherwise: "1.2",
    schema: z.enum(["1.2", "1.3"], "has to be 1.2 or 1.3"),
  },
  trusted_proxies: {
    what: "Networks of the proxies in front, and of nobody else: `10.0.3.0/24`. Only they are believed about who connected to them.",
    otherwise: null,
    schema: values.networks,
  },
  proxy_header: {
    what: "The header in which the trusted proxies say so: `x-forwarded-for` (with `x-forwarded-proto`) or `forwarded` (RFC 7239). The other is not read.",
    otherwise: "x-forwarded-for",
    schema: z.enum(["x-forwarded-for", "forwarded"], "has to be x-forwarded-for or forwarded"),
  },
  proxy_secret_file: {
    what: "A file with a secret that the trusted proxies send with every request (`Hallpass-Proxy-Secret`): what connects from their networks without it is believed nothing. 32 to 256 visible characters.",
    otherwise: null,
    schema: values.path,
  },
  metrics_listen: {
    what: "Where to serve /metrics without a token: an address that only the scraper can reach.",
    otherwise: null,
    schema: values.listen,
  },
  gateway_listen: {
    what: "Where to answer gateways (/check), without a token: an address that only they can reach.",
    otherwise: null,
    schema: values.listen,
  },
  region: {
    what: "Where this server stands, for the label of its metrics.",
    otherwise: null,
    schema: z.string().regex(/^[\x21-\x7e]{1,64}$/, "has to be 1 to 64 characters without blanks"),
  },
  data: { what: "The directory of everything that is kept here.", otherwise: "data", schema: values.path },
  store: {
    what: "`sqlite`: a file in the data directory. `postgres://user:password@host:port/database`: any number of nodes share it; of several hosts, separated by commas, the primary is found. `memory`: forgets on exit; for development only.",
    otherwise: "sqlite",
    schema: values.storeChoice,
  },
  kek: {
    what: "The key-encryption key, base64url of 32 bytes. Prefer kek_file: an environment can be read by others.",
    otherwise: null,
    secret: true,
    schema: values.bytes32,
  },
  kek_file: {
    what: "A file with the key-encryption key. Without kek and kek_file, one is made in the data directory.",
    otherwise: null,
    schema: values.path,
  },
  kek_previous_file: {
    what: "A file with a key-encryption key that opens what it has sealed and seals nothing: while another takes its place.",
    otherwise: null,
    schema: values.path,
  },
  kek_vault: {
    what: "A key of the transit engine of HashiCorp Vault that wraps the key-encryption key: `https://…/v1/<mount>/keys/<name>`.",
    otherwise: null,
    schema: values.vaultKey,
  },
  kek_vault_token_file: {
    what: "A file with a token of Vault that may encrypt and decrypt with that key. Read at the start.",
    otherwise: null,
    schema: values.path,
  },
  kek_pkcs11: {
    what: "An AES key in a PKCS #11 token that wraps the key-encryption key: `pkcs11:token=…;id=%01?module-path=/…&pin-source=file:/…`.",
    otherwise: null,
    schema: values.pkcs11Uri,
  },
  operator_secret_sha256: {
    what: "SHA-256 of the operator's client secret (`hpc_…`), for a first start that shows none.",
    otherwise: null,
    schema: values.sha256,
  },
  max_token_lifetime: {
    what: "No access token lives longer, whatever its policy says.",
    otherwise: "1h",
    schema: values.duration,
  },
  client_token_lifetime: {
    what: "How long an access token of the client_credentials grant lives.",
    otherwise: "10m",
    schema: values.duration,
  },
  client_token_limit: {
    what: "How many tokens one client may ask each node for by client_credentials within client_token_lifetime; more is 429. A client's own `token_limit` stands over it. `off`: any number.",
    otherwise: "5000",
    schema: values.limit,
  },
  session_opening_limit: {
    what: "How many sessions one client may open at each node in a minute; more is 429. `off`: any number.",
    otherwise: "off",
    schema: values.limit,
  },
  failed_authentication_limit: {
    what: "How often one client may fail to authenticate from one address in a minute, at each node; ten times as often from one address or for one client in all. More is 429. `off`: any number.",
    otherwise: "30",
    schema: values.limit,
  },
  introspection_miss_limit: {
    what: "How many tokens one client may ask about in a minute, at each node, of which none is live or its to know of. More is 429; what is live is answered all the same. `off`: any number.",
    otherwise: "60000",
    schema: values.limit,
  },
  cookie_name: {
    what: "The cookie that carries a session token. Begins with __Host-, so that no other host can set it; any name for development.",
    otherwise: "__Host-session",
    schema: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/, "has to be a name of at most 100 letters, digits, _ . or -"),
  },
  cookie_same_site: {
    what: "`Lax`: sent when somebody follows a link to your site. `Strict`: only within it.",
    otherwise: "Lax",
    schema: z.enum(["Lax", "Strict"], "has to be Lax or Strict"),
  },
  store_size_planned: {
    what: "How large the store may become on its disk, such as `20GB`: the metric `hallpass_store_days_left` says when it will be. Nothing is refused by it.",
    otherwise: null,
    schema: values.size,
  },
  revocation_journal: {
    what: "A directory, on another disk than the store, for the revocation journal: whatever takes something away stands there before it is committed, so that a restored backup does not bring it back.",
    otherwise: null,
    schema: values.path,
  },
  revocation_journal_kept: {
    what: "How long the journal's files are kept: longer than the oldest backup that would ever be restored.",
    otherwise: "35d",
    schema: values.duration,
  },
  facts_kept: { what: "How long facts are kept.", otherwise: "30d", schema: values.duration },
  facts_kept_of: {
    what: "Kinds of facts that are kept for another time, as `token_refreshed=1d session_kept_alive=0`. `0`: never written, only counted; for these two kinds only.",
    otherwise: "",
    schema: values.keptOf,
  },
  facts_file: {
    what: "A file to which every fact is appended as a line of JSON, for log shippers; at least once, in order. Below the data directory unless absolute.",
    otherwise: null,
    schema: values.path,
  },
  audit_kept: { what: "How long the records of the audit are kept.", otherwise: "400d", schema: values.duration },
  audit_without: {
    what: "Kinds of facts that the audit does not chain, separated by spaces.",
    otherwise: "token_refreshed session_kept_alive",
    schema: values.kinds,
  },
  audit_checkpoint_every: {
    what: "How often the end of the audit's chain is signed.",
    otherwise: "1h",
    schema: values.duration,
  },
  shutdown_limit: {
    what: "How long a stop waits for requests that are under way.",
    otherwise: "10s",
    schema: values.duration,
  },
  workers: {
    what: "How many processes serve on this machine, behind one port: as many as it has cores. More than one needs PostgreSQL, since a file of SQLite has one writer.",
    otherwise: "1",
    schema: values.workers,
  },
  tenants: {
    what: "Further tenants by name, each with its `issuer` and, if wanted, `kek_file` and `operator_secret_sha256`; the issuer's host chooses.",
    otherwise: "{}",
    members: true,
    schema: values.tenants,
  },
  outbound_networks: {
    what: "Networks that may be called besides public addresses, such as those of clients that publish their keys (jwks_uri) inside: `10.0.0.0/8,fd00::/8`.",
    otherwise: null,
    schema: values.networks,
  },
  log_level: {
    what: "`debug` shows every refresh as a fact, `info` every request.",
    otherwise: "info",
    schema: z.enum(["debug", "info", "warn", "error", "silent"], "has to be debug, info, warn, error or silent"),
  },
};

export const NAMES: readonly Name[] = Object.keys(KEYS) as Name[];

export function envName(name: Name): string {
  return `HALLPASS_${name.toUpperCase()}`;
}
