// Who is calling. One mechanism per client, registered; none of them falls back to another.

import { timingSafeEqual } from "node:crypto";
import { decodeBase64url, parseClientSecret } from "@hallpass/protocol";
import type { ClientId, TenantId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { FittingSecret, MacKeys, RecognizedSecret } from "../keys/ring.ts";
import { type Mark, namedMark, secretMark } from "../keys/seen.ts";
import type { Row, Snapshot } from "../store/store.ts";
import { type CertificateName, shows } from "./certificate-name.ts";
import type { Client, StoredSecret } from "./client.ts";
import { type ClientKeys, sameKeys } from "./client-keys.ts";
import { clientFromRow, clientKey } from "./client-row.ts";
import { secretHash } from "./secret-hash.ts";

export type ClientCredentials =
  /** `shown`: what the certificate of the connection says, where one was vouched for. It counts for a client of tls_client_auth alone. */
  | { readonly method: "none"; readonly clientId: ClientId; readonly shown?: readonly CertificateName[] }
  | {
      readonly method: "client_secret_basic" | "client_secret_post";
      readonly clientId: ClientId;
      readonly secret: Secret;
      /** Of the whole header that was shown: by it these keys recognize the secret from then on. */
      readonly mark?: Mark;
      /** What the header was recognized as. */
      readonly recognized?: RecognizedSecret;
    }
  /** An assertion that was verified with these keys, and used up. Good only while they are the client's. */
  | { readonly method: "private_key_jwt"; readonly clientId: ClientId; readonly provenWith: ClientKeys };

declare const authenticated: unique symbol;

/** Only `authenticateClient` makes one. */
export interface AuthenticatedClient {
  readonly client: Client;
  readonly row: Row;
  /** Its secret is hashed under another key than new ones are: `rehashSecret` mends that. */
  readonly outdatedSecret: boolean;
  readonly [authenticated]: true;
}

/** Undefined for every way in which it can fail: unknown, disabled, another method, a wrong secret. The caller learns nothing more. */
export function authenticateClient(
  tenant: TenantId,
  credentials: ClientCredentials,
  snapshot: Snapshot,
  mac: MacKeys,
): AuthenticatedClient | undefined {
  const row = snapshot.get(clientKey(tenant, credentials.clientId));
  const client = row === undefined ? undefined : clientFromRow(row);
  const found = "secret" in credentials ? shownSecret(client, credentials, mac) : undefined;
  // A secret that was followed by another works until its overlap has passed.
  const fitting = found?.until === undefined || snapshot.clock < found.until ? found : undefined;
  if (!proofFits(client, credentials, fitting) || row === undefined || client === undefined) return undefined;
  const { authentication } = client;
  // RFC 8705 section 2: the request itself holds the client's id alone.
  const method =
    authentication === "tls_client_auth" && credentials.method === "none" ? authentication : credentials.method;
  if (authentication !== method || client.status !== "active") return undefined;
  const outdatedSecret = fitting !== undefined && fitting.kid !== mac.secretKid;
  return { client, row, outdatedSecret } as AuthenticatedClient;
}

/** The stored secret that these credentials show. A header that was recognized is read again only where its client has not got that secret any more. */
function shownSecret(
  client: Client | undefined,
  { clientId, secret, mark, recognized }: Extract<ClientCredentials, { secret: Secret }>,
  mac: MacKeys,
): StoredSecret | undefined {
  const known =
    recognized && client?.secrets.find(({ kid, hash }) => kid === recognized.kid && hash === recognized.hash);
  if (known !== undefined) return known;
  const presented = parseClientSecret(secret.reveal());
  const found = presented === undefined ? undefined : fittingSecret(client, clientId, presented, mac);
  if (found !== undefined && mark !== undefined) mac.headers.set(mark, { clientId, kid: found.kid, hash: found.hash });
  return found;
}

function proofFits(
  client: Client | undefined,
  credentials: ClientCredentials,
  fitting: StoredSecret | undefined,
): boolean {
  switch (credentials.method) {
    case "none":
      return client?.authentication !== "tls_client_auth" || shows(credentials.shown, client.certificate);
    case "client_secret_basic":
    case "client_secret_post":
      return fitting !== undefined;
    case "private_key_jwt":
      return sameKeys(client?.keys, credentials.provenWith);
  }
}

/**
 * The stored secret that this one is: found by its hash once, and then remembered with the server keys that said so. Does the same work for an
 * unknown client as for a wrong secret, so that the time tells nothing.
 */
export function fittingSecret(
  client: Client | undefined,
  id: ClientId,
  presented: Uint8Array,
  mac: MacKeys,
): StoredSecret | undefined {
  const stored =
    client === undefined || client.secrets.length === 0
      ? [{ kid: mac.secretKid, hash: NO_HASH, added: 0 }]
      : client.secrets;
  const known = mac.secrets.get(namedMark(id)) ?? NOTHING_SEEN;
  const mark = secretMark(presented);
  let fitting: StoredSecret | undefined;
  for (const one of stored) {
    // Hashes of secrets that nobody can guess: how far two of them agree tells nothing.
    if (known.mark === mark && known.kid === one.kid && known.hash === one.hash) {
      fitting = one;
      continue;
    }
    const expected = decodeBase64url(one.hash);
    const actual = secretHash(mac, one.kid, "hallpass/client-secret/1", id, presented);
    if (actual === undefined || expected === undefined || !isSame(expected, actual)) continue;
    fitting = one;
    if (client !== undefined) mac.secrets.set(namedMark(id), { kid: one.kid, hash: one.hash, mark });
  }
  return client === undefined ? undefined : fitting;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

const NO_HASH = "A".repeat(43);
/** Compared with where nothing was seen before: under no key that there is. */
const NOTHING_SEEN: FittingSecret = { kid: -1, hash: "", mark: "" };
