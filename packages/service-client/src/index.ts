// Owns getting access tokens for a service or a job: its own, or those of one session that was opened for it. Does not own judging tokens.
// This file is the table of contents; service-client.ts is the one to read first.

import { memoryFamilyStore } from "./family.ts";
import { checkOptions, checkSessionOptions, type ServiceClientOptions, type SessionClientOptions } from "./options.ts";
import { platformPorts } from "./runtime.ts";
import { createServiceClientOn, type ServiceClient } from "./service-client.ts";
import { createSessionClientOn, type SessionClient } from "./session-client.ts";

export type { FamilyStore, StoredFamily } from "./family.ts";
export { OptionsError, type ServiceClientOptions, type SessionClientOptions, type TokenRequest } from "./options.ts";
export type { ServiceClient, TokenFetch } from "./service-client.ts";
export type { SessionClient } from "./session-client.ts";
export { TokenError, type TokenErrorCode } from "./token-error.ts";
export type { StoredToken, TokenStore } from "./token-store.ts";

/**
 * A client for one issuer. It asks for nothing until a token is wanted, and starts no timer that goes on by itself. Make
 * one for each process. `Scope` and `Resource` may be unions of what your service uses. Throws OptionsError with all
 * problems at once.
 */
export function createServiceClient<Scope extends string = string, Resource extends string = string>(
  options: ServiceClientOptions,
): ServiceClient<Scope, Resource> {
  checkOptions(options);
  const { clientSecret, ...settings } = options;
  const { issuer, clientId } = options;
  return createServiceClientOn(platformPorts({ issuer, clientId, clientSecret }), settings);
}

/**
 * A client for one session of one issuer: access tokens by refresh. Its refresh token is this process's own; give every process one of its
 * own session. Throws OptionsError with all problems at once.
 */
export function createSessionClient<Scope extends string = string, Resource extends string = string>(
  options: SessionClientOptions,
): SessionClient<Scope, Resource> {
  checkSessionOptions(options);
  const { clientSecret, family = memoryFamilyStore(), ...settings } = options;
  const { issuer, clientId } = options;
  return createSessionClientOn(platformPorts({ issuer, clientId, clientSecret }), { ...settings, family });
}
