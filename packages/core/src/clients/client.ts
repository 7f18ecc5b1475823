// A client: an application that may ask for tokens, and what it may ask for.

import { DEFAULT_SIGNING_ALG, MAX_AUDIENCES, type SigningAlg, scopeIsSubset } from "@hallpass/protocol";
import type { ClientId } from "../kernel/ids.ts";
import type { CertificateName } from "./certificate-name.ts";
import type { ClientKeys } from "./client-keys.ts";
import type { Mandate } from "./mandate.ts";

export type ClientAuthentication =
  | "none"
  | "client_secret_basic"
  | "client_secret_post"
  | "private_key_jwt"
  | "tls_client_auth";
export type GrantType = "refresh_token" | "client_credentials";

export interface StoredSecret {
  /** The server key under which it is hashed. */
  readonly kid: number;
  /** base64url of 32 bytes. */
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly added: number;
  /** Milliseconds since the epoch: works no more from then on. Absent while nothing has followed it. */
  readonly until?: number;
}

export interface Client {
  readonly id: ClientId;
  readonly name: string;
  readonly authentication: ClientAuthentication;
  readonly secrets: readonly StoredSecret[];
  readonly grants: readonly GrantType[];
  /** Everything it may ever be granted. */
  readonly scope: readonly string[];
  /** At least one; the first is the default. */
  readonly audiences: readonly string[];
  /** The policy under which its sessions are opened when the caller names none. */
  readonly policy: string;
  readonly status: "active" | "disabled";
  /** For private_key_jwt, and for nothing else. */
  readonly keys?: ClientKeys;
  /** For tls_client_auth, and for nothing else. */
  readonly certificate?: CertificateName;
  /** Whose pages may read what this client is answered (CORS): serialised origins, compared as texts. */
  readonly origins?: readonly string[];
  /** The algorithm of its access tokens; ES256 where it names none. */
  readonly signingAlg?: SigningAlg;
  /** For whom it may act through /v1; absent in registrations of before there were mandates. */
  readonly mandate?: Mandate;
  /** How many tokens it may ask for by client_credentials in one lifetime of theirs; absent: as many as the server allows any. */
  readonly tokenLimit?: number | "off";
  /** Roles beside its scope, by name. */
  readonly roles?: readonly string[];
  /** Disabled for good and shown no more. The row stays, so that its id is nobody else's. */
  readonly deleted?: true;
}

export const MAX_SECRETS = 4;
export const MAX_ORIGINS = 16;

/** Whether it has a secret of its own, which is made when it is registered. */
export function hasSecret(authentication: ClientAuthentication): boolean {
  return authentication === "client_secret_basic" || authentication === "client_secret_post";
}

export function signingAlgOf(client: Pick<Client, "signingAlg"> | undefined): SigningAlg {
  return client?.signingAlg ?? DEFAULT_SIGNING_ALG;
}

/** The scope that a request gets: what it asks for if the client may have all of it, everything it may have if it asks for nothing; undefined if it asks for more. */
export function grantedScope(client: Client, requested: readonly string[] | undefined): readonly string[] | undefined {
  if (requested === undefined) return client.scope;
  return scopeIsSubset(requested, client.scope) ? requested : undefined;
}

/** As for the scope, at most ten, none twice; without a request, the client's first audience alone (never a token that is valid everywhere). */
export function grantedAudience(
  client: Client,
  requested: readonly string[] | undefined,
): readonly string[] | undefined {
  if (requested === undefined || requested.length === 0) return client.audiences.slice(0, 1);
  if (requested.length > MAX_AUDIENCES || new Set(requested).size !== requested.length) return undefined;
  return requested.every((one) => client.audiences.includes(one)) ? requested : undefined;
}
