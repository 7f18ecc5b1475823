// The clients that a first start makes: the operator, and under the development flag a demo app and the verifier of its API.
// Their secrets stand in files of mode 0600 before the clients exist, so that a crash in between loses no access.

import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  bootstrapRoles,
  type ClientId,
  changeClient,
  clientKey,
  EVERYTHING,
  type NewClient,
  parseClientId,
  readClient,
  registerClient,
} from "@hallpass/core";
import { formatClientSecret, parseClientSecret } from "@hallpass/protocol";
import type { Config } from "../config.ts";
import { FIRST_ROLES, OWNER } from "../endpoints/roles-table.ts";
import { SCOPES } from "../endpoints/scopes.ts";
import type { Services } from "../services.ts";
import { makePrivateFile, readPrivateFile } from "./private-files.ts";

export const OPERATOR = "operator";
export const OPERATOR_CREDENTIALS = "operator-credentials";
export const DEMO_API_CREDENTIALS = "demo-api-credentials";
/** The audience of the demo app's tokens: where its API would be. */
export const DEMO_AUDIENCE = "http://localhost:8027";

export interface FirstClients {
  /** `id:secret` of the operator, if this start made the client and may show it: read from its file, so that no server keeps it in memory. */
  readonly operatorCredentials: () => string | null;
}

export async function makeFirstClients(services: Services, config: Config): Promise<FirstClients> {
  const issuer = services.issuer.url;
  await bootstrapRoles(services, FIRST_ROLES, { name: OWNER, scope: SCOPES });
  const operator = {
    ...confidential(OPERATOR, "Operator", SCOPES, [issuer]),
    mandate: EVERYTHING,
    roles: [OWNER],
  };
  const preset = config.operator_secret_sha256 ?? null;
  const made =
    preset === null
      ? await makeConfidential(services, config, operator, OPERATOR_CREDENTIALS)
      : (await makeClient(services, operator, preset), false);
  await continueOperator(services, operator.id);
  if (config.development) {
    await makeClient(services, demo(), null);
    await makeConfidential(
      services,
      config,
      confidential("demo-api", "Demo API", ["feed"], [issuer, DEMO_AUDIENCE]),
      DEMO_API_CREDENTIALS,
    );
  }
  const path = join(config.data, OPERATOR_CREDENTIALS);
  return { operatorCredentials: () => (made ? (readPrivateFile(path)?.trimEnd() ?? null) : null) };
}

/** An operator of a release before there were roles gets `owner`, or a scope that is new would be nobody's to give. */
async function continueOperator(services: Services, id: ClientId): Promise<void> {
  const found = await readClient(services.store, services.tenant, id);
  if (!found.ok || found.value.roles !== undefined) return;
  await changeClient(services, id, { roles: [OWNER] }, null, () => undefined);
}

function confidential(id: string, name: string, scope: readonly string[], audiences: readonly string[]): NewClient {
  return {
    id: known(id),
    name,
    authentication: "client_secret_basic",
    grants: ["client_credentials"],
    scope,
    audiences,
    policy: "consumer",
  };
}

function demo(): NewClient {
  return {
    id: known("demo"),
    name: "Demo app",
    authentication: "none",
    grants: ["refresh_token"],
    scope: ["read", "write"],
    audiences: [DEMO_AUDIENCE],
    policy: "consumer",
  };
}

/** Whether this start made the client. The file of an earlier start, one that crashed or whose store forgot, is used. */
async function makeConfidential(services: Services, config: Config, client: NewClient, file: string): Promise<boolean> {
  const key = clientKey(services.tenant, client.id);
  if ((await services.store.read([key])).get(key) !== undefined) return false;
  const path = join(config.data, file);
  const left = secretIn(readPrivateFile(path), client.id);
  const secret = left ?? formatClientSecret(services.dice.bytes(32));
  if (left === undefined) makePrivateFile(path, `${client.id}:${secret}\n`);
  await makeClient(services, client, createHash("sha256").update(secret).digest("base64url"));
  return true;
}

async function makeClient(services: Services, client: NewClient, preset: string | null): Promise<void> {
  const made = await registerClient(services, client, null, preset);
  if (!made.ok && made.code !== "client_exists") throw new Error(`the client ${client.id} was refused: ${made.code}`);
}

function secretIn(text: string | undefined, id: ClientId): string | undefined {
  if (text === undefined) return undefined;
  const secret = text.startsWith(`${id}:`) ? text.slice(id.length + 1).trimEnd() : "";
  if (parseClientSecret(secret) === undefined) throw new Error(`a file of credentials does not hold ${id}:hpc_…`);
  return secret;
}

function known(text: string): ClientId {
  const id = parseClientId(text);
  if (id === undefined) throw new Error(`${text} is no id of a client`);
  return id;
}
