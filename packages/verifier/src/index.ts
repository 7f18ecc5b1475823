// Owns judging a request locally: verdicts, the view, the lease.
// Does not own minting: it knows protocol only. Does not own what an app does with a verdict.
// This file is the table of contents; verifier.ts is the one to read first.

import type { JsonObject } from "@hallpass/protocol";
import type { ClaimsSchema } from "./claims-schema.ts";
import { checkCredentials, type VerifierOptions } from "./options.ts";
import { platformPorts } from "./runtime.ts";
import { createVerifierOn, type Verifier } from "./verifier.ts";

export { type AccessTokenClaims } from "@hallpass/protocol";
export type { ClaimsSchema, SchemaAnswer } from "./claims-schema.ts";
export type { EndReason } from "./ended.ts";
export type { Fetch } from "./fetch-post.ts";
export { type Metrics, prometheusText } from "./metrics.ts";
export { type CookieOptions, OptionsError, type VerifierOptions } from "./options.ts";
export type { Credentials } from "./request.ts";
export type { ClaimRequirement, Requirements } from "./requirements.ts";
export { type ResourceMetadata, type ResourceOptions, resourceMetadata } from "./resource-metadata.ts";
export type { TracerLike } from "./tracer.ts";
export type {
  Accepted,
  Claims,
  Rejected,
  RejectionCode,
  StepUp,
  Unavailable,
  UnavailableCode,
  Verdict,
} from "./verdict.ts";
export type { Readiness, Verifier } from "./verifier.ts";

/**
 * A verifier for one issuer and one audience. Connects at once and by itself, or pulls when it is asked; until the first
 * lease every good token is `unavailable`. With a schema of claims `claims.all` has its type. Throws OptionsError with all
 * problems at once.
 */
export function createVerifier<All = JsonObject>(options: TypedOptions<All>): Verifier<All> {
  const rest = checkCredentials(options);
  const { clientId, clientSecret } = options.credentials;
  const ports = platformPorts({ issuer: options.issuer, clientId, clientSecret }, rest.feed, options.fetch);
  const verifier = createVerifierOn(ports, rest);
  // What stands in `all` was made by that schema, or is the payload itself.
  return verifier as Verifier<unknown> as Verifier<All>;
}

export type TypedOptions<All> = Omit<VerifierOptions, "claims"> & { readonly claims?: ClaimsSchema<All> };
