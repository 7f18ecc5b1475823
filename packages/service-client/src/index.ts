// Owns getting access tokens for a service or a job. Does not own judging tokens, nor tokens of users.
// This file is the table of contents; service-client.ts is the one to read first.

import { checkOptions, type ServiceClientOptions } from "./options.ts";
import { platformPorts } from "./runtime.ts";
import { createServiceClientOn, type ServiceClient } from "./service-client.ts";

export { OptionsError, type ServiceClientOptions, type TokenRequest } from "./options.ts";
export type { ServiceClient, TokenFetch } from "./service-client.ts";
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
