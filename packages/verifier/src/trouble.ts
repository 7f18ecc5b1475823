// Why a view is not renewed, in words for whoever set the verifier up. Made of statuses, close codes and what the platform says of a failure:
// it holds no secret, and nobody decides by it.

export interface Trouble {
  /** Null while the view is renewed. */
  words: string | null;
}

/** What was thrown, and what it was caused by: `fetch` says only there why it failed. */
export function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "it failed without a reason";
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}

/** About a request for the feed's bearer. */
export function tokenRefused(status: number): string {
  if (status === 401) return "the issuer refuses clientId or clientSecret (401)";
  if (status === 400)
    return "the issuer gives no token for the feed (400): the client needs the grant client_credentials, the scope feed and the issuer among its audiences";
  return `the issuer answered ${status} to the request for a token`;
}

/** About a connection that never began. */
export function notWelcomed(url: string, code: number): string {
  return `${url} did not welcome the verifier (${code}): has the client the scope feed, and does every proxy in between let a WebSocket through?`;
}

export function otherIssuer(said: string, wanted: string): string {
  return `the server is the issuer ${said}, and the verifier wants ${wanted}`;
}
