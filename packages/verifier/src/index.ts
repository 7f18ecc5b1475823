// Owns judging a request locally: verdicts, the view, the lease.
// Does not own minting: it knows protocol only. Does not own what an app does with a verdict.
// This file is the table of contents; verifier.ts is the one to read first.

import { checkCredentials, type VerifierOptions } from "./options.ts";
import { platformPorts } from "./runtime.ts";
import { createVerifierOn, type Verifier } from "./verifier.ts";

export { type AccessTokenClaims } from "@hallpass/protocol";
export type { EndReason } from "./ended.ts";
export { type Metrics, prometheusText } from "./metrics.ts";
export { type CookieOptions, OptionsError, type VerifierOptions } from "./options.ts";
export type { Credentials } from "./request.ts";
export type { ClaimRequirement, Requirements } from "./requirements.ts";
export type {
  Accepted,
  Rejected,
  RejectionCode,
  Unavailable,
  UnavailableCode,
  Verdict,
} from "./verdict.ts";
export type { Readiness, Verifier } from "./verifier.ts";

/**
 * A verifier for one issuer and one audience. Connects at once and by itself; until the first lease every good token
 * is `unavailable`. Throws OptionsError with all problems at once.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const rest = checkCredentials(options);
  const { clientId, clientSecret } = options.credentials;
  return createVerifierOn(platformPorts({ issuer: options.issuer, clientId, clientSecret }), rest);
}
