// Why there is no token. Nothing here can hold the secret: messages are made of our words, a status and a code from a
// closed alphabet, and neither the request nor what the platform threw is kept.

/**
 * `refused`: the issuer said no, and will say it again until somebody changes something (`error` says what).
 * `unavailable`: no answer, or one that asks to come again (429, 5xx), or one that is none.
 */
export type TokenErrorCode = "refused" | "unavailable";

export interface TokenErrorFacts {
  readonly code: TokenErrorCode;
  /** The issuer's status; missing when there was no answer. */
  readonly status?: number | undefined;
  /** The issuer's error code (RFC 6749 section 5.2), or the platform's for a failed connection. */
  readonly error?: string | undefined;
  /** Milliseconds until the client will ask again. */
  readonly retryAfterMs?: number | undefined;
}

export class TokenError extends Error {
  override readonly name = "TokenError";
  readonly code: TokenErrorCode;
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor({ code, status, error, retryAfterMs }: TokenErrorFacts) {
    const what = code === "refused" ? "the issuer refused a token" : "the issuer gives no token now";
    const details = [status === undefined ? undefined : `status ${status}`, error].filter((one) => one !== undefined);
    super(details.length === 0 ? what : `${what}: ${details.join(", ")}`);
    this.code = code;
    this.status = status;
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What the platform says of a failed connection, where it says it in a code: `ECONNREFUSED`, `TimeoutError`. */
export function connectionCode(thrown: unknown): string | undefined {
  const causes = thrown instanceof Error ? [thrown.cause, thrown] : [];
  for (const cause of causes) {
    if (typeof cause !== "object" || cause === null) continue;
    for (const name of ["code", "name"] as const) {
      const text: unknown = Reflect.get(cause, name);
      if (typeof text === "string" && /^[A-Za-z_]{1,64}$/.test(text) && !/^(?:Type)?Error$/.test(text)) return text;
    }
  }
  return undefined;
}
