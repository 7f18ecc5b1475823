// `clients add`: registers a client. A secret is written into a new file that only its owner can read, and shown nowhere.

import { readFileSync } from "node:fs";
import { usage } from "../complaint.ts";
import type { ServerApi } from "../connection/server-api.ts";
import type { Context, Outcome } from "../context.ts";
import { pairs } from "../print/columns.ts";
import { type SecretFile, secretFile } from "../secret-file.ts";
import { printJson, printLines } from "../terminal.ts";
import type { WireClient } from "./list.ts";

interface AddOptions {
  readonly name?: string;
  readonly public?: true;
  readonly scope: string;
  readonly audience?: readonly string[];
  readonly grant?: readonly string[];
  readonly policy: string;
  readonly signingAlg: string;
  readonly secretFile?: string;
  readonly secretInForm?: true;
  readonly jwksFile?: string;
  readonly jwksUri?: string;
  /** Such as dns:ledger.example. */
  readonly certificate?: string;
  readonly tokenLimit?: string;
  readonly origin?: readonly string[];
  readonly json?: true;
}

export async function addClient({ terminal, api }: Context, id: string, options: AddOptions): Promise<Outcome> {
  const method = methodOf(options);
  if (options.audience === undefined)
    throw usage("an audience is missing", "--audience <uri>, as your verifiers name it");
  const named = certificateOf(options);
  const limit = limitOf(options);
  const jwks = options.jwksFile === undefined ? undefined : readJson(options.jwksFile);
  // Before anything is registered: a secret that can't be written would be lost.
  const file = options.secretFile === undefined ? undefined : secretFile(options.secretFile);
  const server = api();
  try {
    const { client_secret: secret, ...client } = await server.call<WireClient & { readonly client_secret?: string }>({
      scope: await scopeFor(server, options),
      method: "POST",
      path: "/v1/clients",
      body: {
        client_id: id,
        ...(options.name === undefined ? {} : { name: options.name }),
        token_endpoint_auth_method: method,
        ...(jwks === undefined ? {} : { jwks }),
        ...(options.jwksUri === undefined ? {} : { jwks_uri: options.jwksUri }),
        ...named,
        ...limit,
        ...(options.origin === undefined ? {} : { allowed_origins: options.origin }),
        grant_types: options.grant ?? (method === "none" ? ["refresh_token"] : ["client_credentials"]),
        scope: options.scope,
        audiences: options.audience,
        policy: options.policy,
        access_token_signing_alg: options.signingAlg,
      },
      unknown: "it may or may not be registered; look with: hallpass clients list",
    });
    file?.keep(id, secret ?? "");
    if (options.json === true) printJson(terminal, client);
    else printLines(terminal, addedLines(client, file));
  } catch (cause) {
    file?.drop();
    throw cause;
  }
  return undefined;
}

/** One way to authenticate, said by the option that it needs. */
function methodOf(options: AddOptions): string {
  const ways = [
    ...(options.public === true ? ["none"] : []),
    ...(options.secretFile === undefined
      ? []
      : [options.secretInForm === true ? SECRET_IN_FORM : "client_secret_basic"]),
    ...(options.jwksFile === undefined ? [] : ["private_key_jwt"]),
    ...(options.jwksUri === undefined ? [] : ["private_key_jwt"]),
    ...(options.certificate === undefined ? [] : ["tls_client_auth"]),
  ];
  const [method, ...more] = ways;
  if (method === undefined)
    throw usage(
      "there is no place for the secret",
      "--secret-file <path>, --jwks-file <path>, --jwks-uri <uri>, --certificate <name>, or --public",
    );
  if (more.length > 0)
    throw usage(
      "a client authenticates in one way",
      "one of --public, --secret-file, --jwks-file, --jwks-uri and --certificate",
    );
  if (options.secretInForm === true && method !== SECRET_IN_FORM)
    throw usage("there is no secret for the form", "--secret-file <path> beside --secret-in-form");
  return method;
}

/** RFC 8705 section 2.1.2; which names there are is the server's to say. */
function certificateOf({ certificate }: AddOptions): Readonly<Record<string, string>> {
  if (certificate === undefined) return {};
  const [, kind, name] = /^(dns|uri|ip|email):(.+)$/.exec(certificate) ?? [];
  if (kind === undefined || name === undefined)
    throw usage(`${certificate} is no name of a certificate`, "write it like dns:ledger.example or uri:spiffe://…");
  return { [`tls_client_auth_san_${kind}`]: name };
}

function limitOf({ tokenLimit: limit }: AddOptions): Readonly<Record<string, number | "off">> {
  if (limit === undefined) return {};
  if (limit !== "off" && !/^[1-9]\d{0,5}$/.test(limit)) throw usage(`${limit} is no limit`, "a whole number, or off");
  return { token_limit: limit === "off" ? limit : Number(limit) };
}

const SECRET_IN_FORM = "client_secret_post";

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw usage(`${path} can't be read as JSON`, 'a JWK Set with public keys: {"keys":[…]}');
  }
}

/** Who registers a client for this API gives away scope of its own, and has to hold it (the server sees to it). */
async function scopeFor(server: ServerApi, { audience = [], scope }: AddOptions): Promise<string> {
  const given = audience.includes(await server.issuer()) ? scope.split(" ").filter((one) => one !== "") : [];
  return [...new Set(["clients:write", ...given])].join(" ");
}

function addedLines(client: WireClient, file: SecretFile | undefined): string[] {
  return pairs([
    ["client", client.client_id],
    ["scope", client.scope],
    ["audiences", client.audiences.join(" ")],
    ...(file === undefined ? [] : [["secret", `in ${file.path}, as client_id:secret`] as const]),
  ]);
}
