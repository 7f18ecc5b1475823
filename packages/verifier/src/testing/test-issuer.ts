// An issuer for the tests of an app: real ES256 keys, a real verifier, a feed in memory, a clock that you move.

import {
  ACCESS_TOKEN_TYPE,
  type AccessTokenClaims,
  encodeBase64url,
  formatPosition,
  formatSessionToken,
  isJsonObject,
  type JsonObject,
  parseAccessTokenClaims,
  parseCompactJws,
  type Taking,
  uuidToBytes,
  uuidv7,
} from "@hallpass/protocol";
import type { SettingsOptions } from "../options.ts";
import { platformCrypto } from "../platform-crypto.ts";
import type { Dice, Ports } from "../ports.ts";
import { hashCode } from "../token-keys.ts";
import { createVerifierOn, type Verifier } from "../verifier.ts";
import { type FeedKeyWire, MemoryFeed } from "./memory-feed.ts";
import { settled, TestClock } from "./test-clock.ts";

export type TestIssuerOptions = Omit<SettingsOptions, "rememberedTokens">;

/** What to take away: an access or a session token (its text), or everything of a session, a subject or a client. */
export type Revocable =
  | string
  | { readonly sid: string }
  | { readonly sid: string; readonly fam: string }
  | { readonly subject: string }
  | { readonly clientId: string };

export interface TestIssuer {
  /** The verifier that your app gets in its tests; fresh when `createTestIssuer` has resolved. */
  readonly verifier: Verifier;
  readonly feed: MemoryFeed;
  readonly clock: TestClock;
  /** A signed access token. What you give replaces the default claims; undefined leaves one out. */
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** An opaque session token; the verifier asks this issuer about it. What you give replaces the default claims. */
  sessionToken(claims?: Readonly<Record<string, unknown>>): string;
  /** Like the issuer's API: when it has resolved, connected verifiers enforce it. */
  revoke(target: Revocable): Promise<void>;
  /** Lets time pass; pings go on. */
  advance(ms: number): Promise<void>;
  /** Cuts the feed and lets time pass until the view is too old. */
  goStale(): Promise<void>;
  /** Brings the feed back and waits until the view is fresh. */
  recover(): Promise<void>;
  /** Another key signs from now on; the earlier ones stay good until they are removed. */
  rotateKey(): Promise<string>;
  /** As for a compromised key: every token that it signed is refused from now on. */
  removeKey(kid: string): Promise<void>;
  close(): void;
}

/** Every wait is half of the longest one, so that a test's course does not depend on luck; no two throws are alike. */
export function evenDice(): Dice {
  let thrown = 0;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      bytes[0] = 0x80;
      thrown += 1;
      for (let at = length - 1, rest = thrown; at > 0 && rest > 0; at -= 1, rest = Math.floor(rest / 256))
        bytes[at] = rest % 256;
      return bytes;
    },
  };
}

interface SigningKey {
  readonly wire: FeedKeyWire;
  readonly sign: CryptoKey;
}

export async function createTestIssuer(options: TestIssuerOptions): Promise<TestIssuer> {
  const clock = new TestClock();
  const feed = new MemoryFeed({ issuer: options.issuer, now: () => clock.now() });
  let key = await newKey();
  const opaque = new Map<string, Readonly<Record<string, unknown>>>();
  feed.keys = [key.wire];
  const ports: Ports = {
    clock,
    scheduler: clock,
    dice: evenDice(),
    crypto: platformCrypto(),
    connect: feed.connect,
    pull: feed.pull,
    fetchToken: async () => ({ token: "feed", expiresAt: clock.now() + 600_000 }),
    introspect: async (token) => {
      const said = opaque.get(token);
      if (said === undefined) return '{"active":false}';
      const { iat, exp, pos } = defaultClaims(options, feed, clock);
      return JSON.stringify({ iat, exp, pos, ...said, active: true, token_type: "Bearer" });
    },
  };
  const verifier = createVerifierOn(ports, options);
  const maxStalenessMs = options.maxStalenessMs ?? 60_000;

  const issuer: TestIssuer = {
    verifier,
    feed,
    clock,
    token: (claims = {}) => signToken(key, { ...defaultClaims(options, feed, clock), ...claims }),
    sessionToken(claims = {}) {
      const { iat: _iat, exp: _exp, pos: _pos, ...said } = { ...defaultClaims(options, feed, clock) };
      const sid = String(claims["sid"] ?? said["sid"]);
      const secret = crypto.getRandomValues(new Uint8Array(32));
      const text = formatSessionToken(Uint8Array.from([...(uuidToBytes(sid) ?? new Uint8Array(16)), ...secret]));
      opaque.set(text, { ...said, jti: `${sid}.${encodeBase64url(secret.subarray(0, 9))}`, ...claims });
      return text;
    },
    async revoke(target) {
      const said = typeof target === "string" ? opaque.get(target) : undefined;
      for (const [text, each] of opaque) if (text === target || takes(target, each)) opaque.delete(text);
      const taken = said === undefined ? target : { jti: String(said["jti"]) };
      feed.take(await takingOf(taken, feed), clock.now() + 3_610_000);
      await settled();
    },
    advance: (ms) => clock.advance(ms),
    async goStale() {
      feed.reachable = false;
      await clock.advance(maxStalenessMs + 1);
    },
    async recover() {
      feed.reachable = true;
      const ready = verifier.ready();
      // Until the silence was noticed and the longest wait between two attempts is over.
      for (let second = 0; second < 60 && !verifier.readiness().ready; second += 1) await clock.advance(1000);
      await ready;
    },
    async rotateKey() {
      key = await newKey();
      feed.publish([...feed.keys, key.wire]);
      await settled();
      return key.wire.kid;
    },
    async removeKey(kid) {
      feed.publish(feed.keys.filter((one) => one.kid !== kid));
      await settled();
    },
    close: () => verifier.close(),
  };
  await Promise.all([verifier.ready(), clock.advance(0)]);
  return issuer;
}

/** Signs any payload under any header: for tests that need a bad token. */
export async function signJws(key: CryptoKey, header: object, payload: object): Promise<string> {
  const input = [header, payload].map((part) => encodeBase64url(utf8(JSON.stringify(part)))).join(".");
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, utf8(input));
  return `${input}.${encodeBase64url(new Uint8Array(signature))}`;
}

export async function newKey(): Promise<SigningKey> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const { x = "", y = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const written = utf8(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`);
  const kid = encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", written)));
  const jwk = { kty: "EC", crv: "P-256", x, y, kid, alg: "ES256", use: "sig" };
  return { wire: { kid, state: "active", jwk }, sign: pair.privateKey };
}

function signToken(key: SigningKey, claims: Readonly<Record<string, unknown>>): Promise<string> {
  return signJws(key.sign, { alg: "ES256", typ: ACCESS_TOKEN_TYPE, kid: key.wire.kid }, claims);
}

function defaultClaims(
  options: TestIssuerOptions,
  feed: MemoryFeed,
  clock: TestClock,
): Readonly<Record<string, unknown>> {
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
  const iat = Math.floor(clock.now() / 1000);
  return {
    iss: options.issuer,
    sub: "u-81",
    aud: options.audience,
    client_id: "web",
    scope: "read write",
    iat,
    exp: iat + 600,
    jti: encodeBase64url(random(16)),
    sid: uuidv7(clock.now(), random(10)),
    fam: encodeBase64url(random(4)),
    pos: formatPosition(feed.head),
  };
}

function takes(target: Revocable, said: Readonly<Record<string, unknown>>): boolean {
  if (typeof target === "string") return false;
  if ("fam" in target) return said["sid"] === target.sid && said["fam"] === target.fam;
  if ("sid" in target) return said["sid"] === target.sid;
  return "subject" in target ? said["sub"] === target.subject : said["client_id"] === target.clientId;
}

async function takingOf(target: Revocable | { readonly jti: string }, feed: MemoryFeed): Promise<Taking> {
  if (typeof target === "string") return { kind: "token", jti: claimsOf(target).jti };
  if ("jti" in target) return { kind: "token", jti: target.jti };
  if ("fam" in target) return { kind: "family", sid: target.sid, fam: target.fam };
  if ("sid" in target) return { kind: "session", sid: target.sid };
  const [kind, value] =
    "subject" in target ? (["subject", target.subject] as const) : (["client", target.clientId] as const);
  const hash = await hashCode(platformCrypto(), feed.salt, kind, value);
  return kind === "subject" ? { kind, subject: hash } : { kind, client: hash };
}

function claimsOf(token: string): AccessTokenClaims {
  const jws = parseCompactJws(token);
  const payload: JsonObject = jws.ok && isJsonObject(jws.payload) ? jws.payload : {};
  const claims = parseAccessTokenClaims(payload);
  if (claims === undefined) throw new TypeError("revoke: give the text of an access token");
  return claims;
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
