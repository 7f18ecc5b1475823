// The WWW-Authenticate value of a refused request: RFC 6750 section 3, with the parameters of
// RFC 9470 (acr_values, max_age) and RFC 9728 (resource_metadata).
// Every value stands in a quoted string and may hold only characters that need no escape there
// (RFC 6750 section 3), so nothing can break out of it. Values are the server's own words, never
// the request's: a character outside the set is a defect and throws.

export type BearerError =
  | "invalid_request"
  | "invalid_token"
  | "insufficient_scope"
  | "insufficient_user_authentication";

export interface BearerChallenge {
  readonly realm?: string | undefined;
  /** Left out when the request carried no credentials (RFC 6750 section 3.1). */
  readonly error?: BearerError | undefined;
  /** Written only beside an error. */
  readonly errorDescription?: string | undefined;
  readonly scope?: readonly string[] | undefined;
  /** In order of preference. */
  readonly acrValues?: readonly string[] | undefined;
  /** Whole seconds since the subject last authenticated. */
  readonly maxAge?: number | undefined;
  /** The address of the protected resource's metadata. */
  readonly resourceMetadata?: string | undefined;
}

// At least one parameter must follow the scheme (RFC 6750 section 3).
const REALM_WHEN_NOTHING_ELSE = "protected";

const QUOTABLE = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;
const QUOTABLE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Throws a RangeError for a value that RFC 6750 has no spelling for. */
export function bearerChallenge(challenge: BearerChallenge): string {
  const { realm, error, errorDescription, scope, acrValues, maxAge, resourceMetadata } = challenge;
  const parameters: string[] = [];
  if (realm !== undefined) parameters.push(quoted("realm", realm, QUOTABLE));
  if (error !== undefined) {
    parameters.push(quoted("error", error, QUOTABLE));
    if (errorDescription !== undefined) {
      parameters.push(quoted("error_description", errorDescription, QUOTABLE));
    }
  }
  if (scope !== undefined) parameters.push(quotedList("scope", scope));
  if (acrValues !== undefined) parameters.push(quotedList("acr_values", acrValues));
  if (maxAge !== undefined) parameters.push(quotedSeconds("max_age", maxAge));
  if (resourceMetadata !== undefined) {
    parameters.push(quoted("resource_metadata", resourceMetadata, QUOTABLE_TOKEN));
  }
  if (parameters.length === 0) parameters.push(quoted("realm", REALM_WHEN_NOTHING_ELSE, QUOTABLE));
  return `Bearer ${parameters.join(", ")}`;
}

function quoted(name: string, value: string, allowed: RegExp): string {
  if (!allowed.test(value)) throw new RangeError(`${name} holds a character that a challenge can't carry`);
  return `${name}="${value}"`;
}

function quotedList(name: string, values: readonly string[]): string {
  for (const value of values) quoted(name, value, QUOTABLE_TOKEN);
  return quoted(name, values.join(" "), QUOTABLE);
}

function quotedSeconds(name: string, seconds: number): string {
  if (!Number.isSafeInteger(seconds) || seconds < 0) throw new RangeError(`${name} needs whole seconds`);
  return quoted(name, String(seconds), QUOTABLE);
}
