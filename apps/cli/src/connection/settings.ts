// Where the server is and who we are: options, then the environment, then what the local data directory says.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { usage } from "../complaint.ts";
import type { Terminal } from "../terminal.ts";

export interface ConnectionOptions {
  readonly url?: string;
  readonly data?: string;
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export const DEFAULT_URL = "http://localhost:8026";
/** In the data directory: `client_id:secret` of the operator, and the address under which this machine reaches its server. */
export const OPERATOR_CREDENTIALS = "operator-credentials";
export const ADDRESS = "address";

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

export function dataDirectory(options: ConnectionOptions, env: Terminal["env"]): string {
  return options.data ?? env["HALLPASS_DATA"] ?? "data";
}

/** Without a slash at the end. Throws a complaint unless secrets may be sent there. */
export function serverUrl(options: ConnectionOptions, env: Terminal["env"]): string {
  const text = options.url ?? env["HALLPASS_URL"] ?? foundAddress(options, env) ?? DEFAULT_URL;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usage(`${text} is no address of a server`, `write it like ${DEFAULT_URL}`);
  }
  if (url.protocol === "http:" && !LOOPBACK.has(url.hostname)) {
    throw usage(`${text} would carry secrets in the clear`, "use https; http only to this machine");
  }
  return text.replace(/\/+$/, "");
}

/**
 * The address in the data directory. One that nobody named is `data` in whichever folder somebody stands: what lies there may be anybody's,
 * and gets no secret but the one beside it.
 */
function foundAddress(options: ConnectionOptions, env: Terminal["env"]): string | undefined {
  const isNamed = options.data !== undefined || env["HALLPASS_DATA"] !== undefined;
  if (!isNamed && env["HALLPASS_CREDENTIALS_FILE"] !== undefined) return undefined;
  return textOf(join(dataDirectory(options, env), ADDRESS))?.trim();
}

export function readCredentials(options: ConnectionOptions, env: Terminal["env"]): Credentials {
  return fileCredentials(env["HALLPASS_CREDENTIALS_FILE"] ?? join(dataDirectory(options, env), OPERATOR_CREDENTIALS));
}

/** Throws a complaint when there is no such file, when others may read it, and when it holds something else. */
export function fileCredentials(path: string): Credentials {
  const text = textOf(path);
  if (text === undefined) {
    throw usage(
      `there are no credentials in ${path}`,
      "name a file with client_id:secret in HALLPASS_CREDENTIALS_FILE",
    );
  }
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw usage(`${path} can be read by others`, `chmod 600 ${path}`);
  }
  const match = /^([\x21-\x39\x3b-\x7e]+):([\x21-\x7e]+)\n?$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw usage(`${path} does not hold client_id:secret`, "one line, a colon between them");
  }
  return { clientId: match[1], clientSecret: match[2] };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The person at this terminal, as HALLPASS_ACTOR says it. Throws a complaint for what no header can hold in one reading. */
export function actorOf(env: Terminal["env"]): string | undefined {
  const actor = env["HALLPASS_ACTOR"];
  if (actor === undefined || actor === "") return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(actor))
    throw usage("HALLPASS_ACTOR is no name", "visible ASCII, as in ada@example.com");
  return actor;
}
