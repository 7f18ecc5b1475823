// The identity that an upstream gets: headers for those who trust their gateway, a short token for those who verify (spec/check.md).

import type { AccessTokenClaims } from "@hallpass/protocol";

/** Bytes. A gateway with nginx's usual buffers refuses an answer with more than 4096 in its head; the rest is for what else is in it. */
const MOST_IN_HEADERS = 3500;

export interface Identity {
  readonly subject: string;
  readonly session: string;
  readonly client: string;
  readonly scope: readonly string[];
  readonly bearer: string;
}

/** Every header, also when it has nothing to say: so that what a client sent under its name is replaced. */
export function identityHeaders({
  subject,
  session,
  client,
  scope,
  bearer,
}: Identity): Readonly<Record<string, string>> {
  const headers = {
    "hallpass-subject": headerText(subject),
    "hallpass-session": session,
    "hallpass-client": client,
    authorization: `Bearer ${bearer}`,
  };
  const length = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  const text = scope.join(" ");
  // The bearer says it, too.
  return { ...headers, "hallpass-scope": length + text.length > MOST_IN_HEADERS ? "" : text };
}

/** Percent-encoded where a header, a log or a shell could read something else; decoded once it is the subject again. */
export function headerText(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._~@:|/+=-]/gu, (character) =>
    character.charCodeAt(0) < 0x80
      ? `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`
      : encodeURIComponent(character),
  );
}

export function identityOf(claims: AccessTokenClaims, bearer: string): Identity {
  return {
    subject: claims.sub,
    session: claims.sid ?? "",
    client: claims.clientId,
    scope: claims.scope,
    bearer,
  };
}
