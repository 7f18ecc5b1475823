// A JWT of this issuer about something else than access: its `typ` keeps it from being taken for a token (RFC 8725 section 3.11).

import type { Signer } from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";

/** Signed together with whatever else is asked for in this turn. */
export async function signedJwt(signer: Signer, typ: string, payload: object): Promise<string> {
  const header = encodeText(JSON.stringify({ alg: signer.alg, typ, kid: signer.kid }));
  const input = `${header}.${encodeText(JSON.stringify(payload))}`;
  return `${input}.${encodeBase64url(await signer.signSoon(input))}`;
}

function encodeText(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}
