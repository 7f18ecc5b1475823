// The parsers of everything that somebody shows: tokens, cursors, references, assertions.

import { readFileSync } from "node:fs";
import { openSubjectRef, parseSubjectId, parseTenantId, subjectRef } from "@hallpass/core";
import {
  decodeBase64url,
  encodeBase64url,
  encodeRefreshPayload,
  formatPosition,
  formatPrefixed,
  formatRefreshToken,
  formatScope,
  formatSessionToken,
  parseAccessTokenClaims,
  parseCompactJws,
  parsePosition,
  parseRefreshToken,
  parseScope,
  parseSessionToken,
} from "@hallpass/protocol";
import { formatCursor, parseCursor } from "../../packages/core/src/revocation/cursor.ts";
import { macKeysOf } from "../../packages/core/src/testing/builders.ts";
import { parseAssertionClaims } from "../../packages/server/src/endpoints/assertions/assertion-claims.ts";
import { mutatedJson } from "./mutate.ts";
import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

function vectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../spec/vectors/${name}.json`, import.meta.url), "utf8"));
}

const access = vectors("access-token") as {
  readonly cases: readonly { readonly token: string; readonly answer: unknown }[];
};
const refresh = vectors("refresh-token") as {
  readonly server_keys: Readonly<Record<string, string>>;
  readonly valid: readonly { readonly token: string }[];
};
const opaque = vectors("opaque") as { readonly session_tokens: readonly { readonly text: string }[] };

const text = (part: string): string => Buffer.from(part, "base64url").toString();
const coded = (json: string): string => Buffer.from(json).toString("base64url");

function reshapedJws(random: Random, token: string): string {
  const parts = token.split(".");
  const at = random.below(3);
  const part = parts[at];
  if (part === undefined) return token;
  parts[at] = at === 2 ? coded(text(part).slice(random.below(3))) : coded(mutatedJson(random, text(part)));
  return parts.join(".");
}

/** Another byte, and the checksum that it needs. */
function reshapedPrefixed(random: Random, token: string): string {
  const bytes = Buffer.from(token.slice(4, -6), "base64url");
  for (let times = 1 + random.below(4); times > 0; times -= 1)
    bytes.writeUInt8(random.oneOf([0, 1, 255, random.below(256)]), random.below(bytes.length));
  return formatPrefixed(token.slice(0, 4), bytes);
}

const mac = macKeysOf(refresh.server_keys, 1);
const tenant = parseTenantId("main") ?? fail("tenant");
const ada = parseSubjectId("ada") ?? fail("subject");
const issuer = {
  tenant,
  url: "https://auth.example",
  skew: 5,
  maxTokenLifetime: 600,
  longestToken: 600,
  salt: new Uint8Array(16),
};

function fail(what: string): never {
  throw new Error(`no ${what}`);
}

const assertion = (claims: object): string =>
  JSON.stringify({ iss: "web", sub: "web", aud: "https://auth.example", jti: "j", ...claims });

export const OF_TOKENS: readonly Target[] = [
  {
    name: "access token",
    seeds: access.cases.map(({ token }) => token).filter((token) => parseCompactJws(token).ok),
    words: [
      ".",
      "..",
      "=",
      "eyJ",
      "fQ",
      "e30",
      "AAAA",
      "-_",
      "+/",
      "%2E",
      coded('{"alg":"none"}'),
      coded('{"alg":"ES256","typ":"at+jwt"}'),
    ],
    reshaped: reshapedJws,
    read: (token) => {
      const jws = parseCompactJws(token);
      if (!jws.ok) return undefined;
      const claims = parseAccessTokenClaims(jws.payload);
      const tail = encodeBase64url(jws.signature);
      return { written: `${jws.signingInput}.${tail}`, reads: claims === undefined ? jws.payload : claims };
    },
  },
  {
    name: "refresh token",
    seeds: refresh.valid.map(({ token }) => token),
    words: ["hpr_", "hps_", "AAAA", "____", "=", "-_"],
    reshaped: reshapedPrefixed,
    read: (token) => {
      const parts = parseRefreshToken(token);
      if (parts === undefined) return undefined;
      return { written: formatRefreshToken(encodeRefreshPayload(parts), parts.inner, parts.outer) };
    },
  },
  {
    name: "session token",
    seeds: opaque.session_tokens.map(({ text: token }) => token),
    words: ["hps_", "hpr_", "hpc_", "AAAA", "____"],
    reshaped: reshapedPrefixed,
    read: (token) => {
      const bytes = parseSessionToken(token);
      return bytes === undefined ? undefined : { written: formatSessionToken(bytes) };
    },
  },
  {
    name: "base64url",
    seeds: ["", "AA", "AAA", "AAAA", "_-_-", "SGVsbG8"],
    words: ["=", "==", "+", "/", "AA", "Q", "\n"],
    read: (part) => {
      const bytes = decodeBase64url(part);
      return bytes === undefined ? undefined : { written: encodeBase64url(bytes) };
    },
  },
  {
    name: "position",
    seeds: ["1.0", "1.42", "7.9007199254740991", "12.100000"],
    words: [".", "0", "00", "-1", "+1", "1e3", "9007199254740993", "0x1", "１"],
    read: (place) => {
      const pos = parsePosition(place);
      return pos === undefined ? undefined : { written: formatPosition(pos) };
    },
  },
  {
    name: "cursor of the feed",
    seeds: [1, 2].map((seq) => formatCursor(mac, tenant, { pos: { epoch: 1, seq }, mark: "BwgJCgsMDQ4" })),
    words: [".", "1.0", "BwgJCgsMDQ4", "AAAAAAAAAAA", "00"],
    read: (shown) => {
      const cursor = parseCursor(mac, tenant, shown);
      return cursor === undefined ? undefined : { written: formatCursor(mac, tenant, cursor) };
    },
  },
  {
    name: "reference of a subject",
    seeds: [subjectRef(mac, tenant, ada)],
    words: ["AA", "=", "_", "-"],
    read: (ref) => {
      const subject = openSubjectRef(mac, tenant, ref);
      return subject === undefined ? undefined : { written: subjectRef(mac, tenant, subject) };
    },
  },
  {
    name: "scope",
    seeds: ["read", "read write", "orders:read orders:write profile"],
    words: [" ", "  ", "\t", '"', "\\", "a", "read", "é"],
    read: (scope) => {
      const tokens = parseScope(scope);
      return tokens === undefined ? undefined : { written: formatScope(tokens) };
    },
  },
  {
    name: "assertion",
    seeds: [assertion({ exp: 1_900_000_000 }), assertion({ exp: 1_900_000_000, iat: 1, nbf: 1 })],
    words: ["null", "[]", "{}", '"aud":["https://auth.example"]', "1e400", "-1"],
    reshaped: mutatedJson,
    read: (json) => {
      const token = [coded('{"alg":"ES256"}'), coded(json), "A".repeat(86)].join(".");
      const jws = parseCompactJws(token);
      const claims = jws.ok ? parseAssertionClaims(jws.payload, issuer) : undefined;
      if (claims === undefined) return undefined;
      const { client, jti, exp, iat, notBefore } = claims;
      const nbf = notBefore.find((time) => time !== iat) ?? (notBefore.length > 1 ? iat : undefined);
      return {
        written: JSON.stringify({ iss: client, sub: client, aud: issuer.url, jti, exp, iat, nbf }),
        reads: { client, jti, exp, iat },
      };
    },
  },
];
