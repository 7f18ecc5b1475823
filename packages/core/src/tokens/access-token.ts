// Access tokens (spec/access-token.md): an RFC 9068 JWT. What stands in it was decided on one snapshot; here it is only written and signed.

import {
  ACCESS_TOKEN_TYPE,
  encodeBase64url,
  formatPosition,
  type JsonObject,
  MAX_ISSUED_ACCESS_TOKEN_LENGTH,
  type Position,
  type SigningAlg,
} from "@hallpass/protocol";
import type { ClientId, SessionId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { Secret } from "../kernel/secret.ts";
import { type Instant, numericDate, type Seconds } from "../kernel/time.ts";
import type { Signer } from "../keys/ring.ts";

export interface AccessTokenContent {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: readonly string[];
  readonly client: ClientId;
  readonly scope: readonly string[];
  /** The head of the snapshot on which the decision rested. */
  readonly pos: Position;
  /** The store's time of that snapshot. */
  readonly now: Instant;
  readonly lifetime: Seconds;
  /** The token never expires after it. A whole second, later than `now`. */
  readonly notAfter: Instant | null;
  readonly session: {
    readonly id: SessionId;
    readonly family: string;
    readonly ancestors: readonly SessionId[];
    readonly authTime: number | null;
    readonly acr: string | null;
    readonly amr: readonly string[];
    readonly claims: JsonObject;
  } | null;
}

/** An access token that only lacks its signature: what it says is settled. */
export interface DraftedAccessToken {
  readonly signingInput: string;
  readonly signer: Signer;
  readonly expiresIn: number;
  readonly expires: Instant;
  readonly jti: string;
  readonly size: number;
}

export interface MintedAccessToken {
  readonly token: Secret;
  /** Whole seconds from `now` until it expires. */
  readonly expiresIn: number;
  /** Milliseconds since the epoch. */
  readonly expires: Instant;
  readonly jti: string;
  /** Bytes. */
  readonly size: number;
}

/** Undefined when the token would be larger than 2,048 bytes if ES256 signed it: it is not issued. RS256 adds 256 to that, Ed25519 3. */
export function draftAccessToken(
  content: AccessTokenContent,
  signer: Signer,
  dice: Dice,
): DraftedAccessToken | undefined {
  const random = dice.bytes(18);
  const iat = numericDate(content.now);
  const exp = expiry(content, iat, random);
  const jti = encodeBase64url(random.subarray(0, 16));
  const start = header(signer);
  const signingInput = `${start}.${encodeText(JSON.stringify(claimsOf(content, iat, exp, jti)))}`;
  // What a session may hold does not depend on the algorithm: `canAlwaysBeMinted` asks without knowing it.
  const claimsEnd = signingInput.length - start.length;
  if (HEADER_LENGTH + claimsEnd + 1 + SIGNATURE_LENGTHS.ES256 > MAX_ISSUED_ACCESS_TOKEN_LENGTH) return undefined;
  const size = signingInput.length + 1 + SIGNATURE_LENGTHS[signer.alg];
  return { signingInput, signer, expiresIn: exp - iat, expires: (exp * 1000) as Instant, jti, size };
}

/** Signs a draft, after whatever it depends on was committed. */
export async function signAccessToken(draft: DraftedAccessToken): Promise<MintedAccessToken> {
  return minted(draft, await draft.signer.signSoon(draft.signingInput));
}

/** What a draft becomes with its signature. */
export function minted(
  { signingInput, expiresIn, expires, jti, size }: DraftedAccessToken,
  signature: Uint8Array,
): MintedAccessToken {
  return { token: new Secret(`${signingInput}.${encodeBase64url(signature)}`), expiresIn, expires, jti, size };
}

/** Characters: 64 bytes of ES256 and Ed25519, 256 of RS256 with 2,048 bits. */
const SIGNATURE_LENGTHS: Readonly<Record<SigningAlg, number>> = { ES256: 86, Ed25519: 86, RS256: 342 };

/** Whether such a token could be issued at every position to come, so that what is opened or altered now can be refreshed for ever. */
export function canAlwaysBeMinted(content: AccessTokenContent): boolean {
  const iat = numericDate(content.now);
  const claims = claimsOf({ ...content, pos: LONGEST_POSITION }, iat, iat + content.lifetime, "A".repeat(22));
  const length = HEADER_LENGTH + encodeText(JSON.stringify(claims)).length + SIGNATURE_LENGTHS.ES256 + 2;
  return length <= MAX_ISSUED_ACCESS_TOKEN_LENGTH;
}

/** The same of one that was drafted as it stands, and not narrowed: until it is issued again only its position gets longer. */
export function draftAlwaysFits({ signingInput, signer }: DraftedAccessToken, pos: Position): boolean {
  const claims = Math.floor(((signingInput.length - header(signer).length - 1) * 3) / 4);
  const longest = claims + formatPosition(LONGEST_POSITION).length - formatPosition(pos).length;
  const length = HEADER_LENGTH + Math.ceil((longest * 4) / 3) + SIGNATURE_LENGTHS.ES256 + 2;
  return length <= MAX_ISSUED_ACCESS_TOKEN_LENGTH;
}

const LONGEST_POSITION: Position = { epoch: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

/** Shortened by up to a tenth, so that a fleet's refreshes spread out; never after the session's absolute end. */
function expiry(content: AccessTokenContent, iat: number, random: Uint8Array): number {
  const share = ((random[16] ?? 0) * 256 + (random[17] ?? 0)) / 65_536;
  const lifetime = content.lifetime - Math.floor(content.lifetime * 0.1 * share);
  return content.notAfter === null ? iat + lifetime : Math.min(iat + lifetime, numericDate(content.notAfter));
}

/** The claims of such a token, in the order in which they are written. */
export function claimsOf(content: AccessTokenContent, iat: number, exp: number, jti: string): JsonObject {
  const { session, audience, scope } = content;
  const [only] = audience;
  const claims: Record<string, JsonObject[string]> = {
    iss: content.issuer,
    sub: content.subject,
    aud: audience.length === 1 && only !== undefined ? only : [...audience],
    client_id: content.client,
  };
  if (scope.length > 0) claims["scope"] = scope.join(" ");
  claims["iat"] = iat;
  claims["exp"] = exp;
  claims["jti"] = jti;
  claims["pos"] = formatPosition(content.pos);
  if (session === null) return claims;
  claims["sid"] = session.id;
  claims["fam"] = session.family;
  if (session.ancestors.length > 0) claims["anc"] = [...session.ancestors];
  if (session.authTime !== null) claims["auth_time"] = session.authTime;
  if (session.acr !== null) claims["acr"] = session.acr;
  if (session.amr.length > 0) claims["amr"] = [...session.amr];
  return Object.assign(claims, session.claims);
}

/** Written once for each key. */
const headers = new WeakMap<object, string>();

function header(signer: Pick<Signer, "kid" | "alg">): string {
  const known = headers.get(signer);
  if (known !== undefined) return known;
  const text = encodeText(`{"alg":"${signer.alg}","typ":"${ACCESS_TOKEN_TYPE}","kid":"${signer.kid}"}`);
  headers.set(signer, text);
  return text;
}

// Every kid is a thumbprint of 43 characters.
const HEADER_LENGTH = header({ kid: "A".repeat(43), alg: "ES256" }).length;

function encodeText(text: string): string {
  return Buffer.from(text).toString("base64url");
}
