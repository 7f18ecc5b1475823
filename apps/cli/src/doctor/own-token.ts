// The claims of the token that this command was given by the server that it asks: read, not believed.

export interface OwnToken {
  readonly bytes: number;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Throws for what is no JWT. */
export function decodeJwt(token: string): OwnToken {
  const [, payload = ""] = token.split(".");
  const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  if (typeof claims !== "object" || claims === null) throw new Error("the token has no claims");
  return { bytes: Buffer.byteLength(token), claims: { ...claims } };
}
