// Where PostgreSQL's tools connect to, and what they ask of the server there: as much as the driver does. The driver verifies a certificate
// for every sslmode between prefer and verify-full, and by Node's authorities; the tools would take any server for some of them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";

export interface ToolEnvironment {
  readonly env: NodeJS.ProcessEnv;
  /** When the tool has ended. */
  readonly dispose: () => void;
}

/** `url` is an address of one host. */
export function toolEnvironment(url: string): ToolEnvironment {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const authorities = searchParams.get("sslrootcert");
  const mode = modeOf(searchParams, process.env["PGSSLMODE"]);
  const own = mode === "verify-full" && authorities === null ? ownAuthorities() : undefined;
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PGHOST: searchParams.get("host") ?? hostname.replace(/^\[|\]$/g, ""),
    PGPORT: port === "" ? "5432" : port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGAPPNAME: "hallpass",
    ...given("PGSSLMODE", mode),
    ...given("PGSSLROOTCERT", authorities ?? own?.file),
    ...given("PGSSLCERT", searchParams.get("sslcert")),
    ...given("PGSSLKEY", searchParams.get("sslkey")),
  };
  return { env, dispose: () => own?.remove() };
}

const VERIFIED: ReadonlySet<string> = new Set(["prefer", "require", "verify-ca", "verify-full"]);
/** Each of them alone has the driver encrypt and verify. */
const ASKS_FOR_TLS = ["ssl", "sslrootcert", "sslcert", "sslkey", "sslnegotiation"];

/** Null where the driver asks for no TLS: then it is the tool's to try. */
function modeOf(parameters: URLSearchParams, fromEnvironment: string | undefined): string | null {
  const asked = parameters.get("sslmode");
  // The tools' own words were asked for.
  if (parameters.get("uselibpqcompat") === "true") return asked;
  const mode = asked ?? (ASKS_FOR_TLS.some((name) => isSet(parameters.get(name))) ? "verify-full" : fromEnvironment);
  if (mode === undefined) return null;
  if (mode === "no-verify") return "require";
  return VERIFIED.has(mode) ? "verify-full" : mode;
}

function isSet(value: string | null): boolean {
  return value !== null && value !== "0";
}

function given(name: string, value: string | null | undefined): NodeJS.ProcessEnv {
  return value === null || value === undefined ? {} : { [name]: value };
}

function ownAuthorities(): { readonly file: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-authorities-"));
  const file = join(folder, "ca.pem");
  writeFileSync(file, getCACertificates("default").join("\n"));
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
