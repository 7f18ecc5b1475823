// The identity that an upstream gets: headers for those who trust their gateway, a short token for those who verify (spec/check.md).

/** Bytes. A gateway with nginx's usual buffers refuses an answer with more than 4096 in its head; the rest is for what else is in it. */
const MOST_IN_HEADERS = 3500;

export interface Identity {
  readonly subject: string;
  readonly session: string;
  readonly client: string;
  readonly scope: readonly string[];
  readonly bearer: string;
}

/** What the four headers beside the scope have around their values, each with `: ` and the end of its line. */
const AROUND = ["hallpass-subject", "hallpass-session", "hallpass-client", "authorization"].join(": \r\n").length + 4;

/** Every header, also when it has nothing to say: so that what a client sent under its name is replaced. */
export function identityHeaders(identity: Identity): Readonly<Record<string, string>> {
  const { session, client } = identity;
  const subject = headerText(identity.subject);
  const authorization = `Bearer ${identity.bearer}`;
  const scope = identity.scope.join(" ");
  const length = AROUND + subject.length + session.length + client.length + authorization.length + scope.length;
  return {
    "hallpass-subject": subject,
    "hallpass-session": session,
    "hallpass-client": client,
    authorization,
    // The bearer says it, too.
    "hallpass-scope": length > MOST_IN_HEADERS ? "" : scope,
  };
}

const PLAIN = /^[A-Za-z0-9._~@:|/+=-]*$/;

/** Percent-encoded where a header, a log or a shell could read something else; decoded once it is the subject again. */
export function headerText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll(/[^A-Za-z0-9._~@:|/+=-]/gu, (character) =>
    character.charCodeAt(0) < 0x80
      ? `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`
      : encodeURIComponent(character),
  );
}
