// A verifier that asks about session tokens, and an issuer whose answers a test chooses.

import { encodeBase64url, formatPosition, formatSessionToken } from "@hallpass/protocol";
import type { SettingsOptions } from "../options.ts";
import { platformCrypto } from "../platform-crypto.ts";
import type { Ports } from "../ports.ts";
import { createVerifierOn, type Verifier } from "../verifier.ts";
import { createTestIssuer, evenDice, type TestIssuer } from "./test-issuer.ts";

export const options: Pick<SettingsOptions, "issuer" | "audience"> = {
  issuer: "https://auth.example",
  audience: "https://api.example",
};
export const SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
export const OTHER_SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e11";

export interface SessionStage {
  readonly issuer: TestIssuer;
  readonly verifier: Verifier;
  readonly token: string;
  /** How often the issuer was asked. */
  readonly asked: () => number;
  /** What the issuer says from now on about every token. */
  readonly say: (answer: () => Promise<string>) => void;
  /** The answer about a live session, with these claims in the place of the usual ones. */
  readonly live: (claims?: Readonly<Record<string, unknown>>) => string;
  readonly code: (token?: string) => Promise<string>;
}

export async function sessionStage(more: Partial<SettingsOptions> = {}): Promise<SessionStage> {
  const issuer = await createTestIssuer({ ...options, ...more });
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const token = formatSessionToken(Uint8Array.from([...Buffer.from(SID.replaceAll("-", ""), "hex"), ...secret]));
  let count = 0;
  const live = (claims = {}): string => {
    const iat = Math.floor(issuer.clock.now() / 1000);
    return JSON.stringify({
      iss: options.issuer,
      sub: "u-81",
      aud: options.audience,
      client_id: "web",
      scope: "read",
      iat,
      exp: iat + 600,
      jti: `${SID}.${encodeBase64url(secret.subarray(0, 9))}`,
      sid: SID,
      fam: "AAECAw",
      pos: formatPosition(issuer.feed.head),
      active: true,
      token_type: "Bearer",
      ...claims,
    });
  };
  let answer = async (): Promise<string> => live();
  const ports: Ports = {
    clock: issuer.clock,
    scheduler: issuer.clock,
    dice: evenDice(),
    crypto: platformCrypto(),
    connect: issuer.feed.connect,
    fetchToken: async () => ({ token: "t", expiresAt: issuer.clock.now() + 600_000 }),
    introspect: () => {
      count += 1;
      return answer();
    },
  };
  const verifier = createVerifierOn(ports, { ...options, ...more });
  await issuer.advance(0);
  return {
    issuer,
    verifier,
    token,
    asked: () => count,
    say: (next) => {
      answer = next;
    },
    live,
    code: async (text = token) => {
      const verdict = await verifier.verify(text);
      return verdict.kind === "accepted" ? "accepted" : verdict.code;
    },
  };
}
