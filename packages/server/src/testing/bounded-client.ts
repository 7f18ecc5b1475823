// A client of the scene that is bounded by a mandate or a role, with its bearer: for tests of who may what.

import { makeFirstClients } from "../host/first-clients.ts";
import { basicHeader, configOf, ISSUER, type Received, type Scene, type Sent } from "./scene.ts";

/** Does what a start does on a scene: the roles are written down, and the operator that the scene made is continued. */
export async function continueStart(stage: Scene): Promise<void> {
  const config = configOf({ store: "memory", issuer: ISSUER, operator_secret_sha256: "a".repeat(64) });
  await makeFirstClients(stage.services, { ...config, development: false });
}

export interface BoundedClient {
  readonly id: string;
  readonly credentials: string;
  /** Sends with a fresh bearer of this client, with all of its scope. */
  readonly call: (sent: Sent) => Promise<Received>;
  /** A bearer that is kept, to be shown later. */
  readonly bearer: () => Promise<string>;
}

export async function operate(stage: Scene, sent: Sent): Promise<Received> {
  return stage.send({ ...sent, headers: { authorization: `Bearer ${await stage.bearer()}`, ...sent.headers } });
}

export async function boundedClient(stage: Scene, id: string, more: object): Promise<BoundedClient> {
  const made = await operate(stage, {
    path: "/v1/clients",
    json: {
      client_id: id,
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["client_credentials"],
      scope: "",
      audiences: ISSUER,
      ...more,
    },
  });
  if (made.status !== 201) throw new Error(`the client was refused: ${made.text}`);
  const credentials = `${id}:${String(made.json["client_secret"])}`;
  async function bearer(): Promise<string> {
    const form = { grant_type: "client_credentials" };
    const { json } = await stage.send({ path: "/oauth2/token", headers: basicHeader(credentials), form });
    return String(json["access_token"]);
  }
  return {
    id,
    credentials,
    bearer,
    call: async (sent) =>
      stage.send({ ...sent, headers: { authorization: `Bearer ${await bearer()}`, ...sent.headers } }),
  };
}
