// Members of a client that need a parser of their own.

import {
  type CertificateName,
  type CertificateNameKind,
  type ClientKeys,
  MAX_CLIENT_KEYS,
  MAX_ORIGINS,
  type PublicJwk,
} from "@hallpass/core";
import type { JsonValue } from "@hallpass/protocol";
import { z } from "zod";
import { certificateName } from "../../host/client-certificate.ts";
import { isLoopback } from "../../host/loopback.ts";
import { parsePublicJwk } from "../assertions/public-jwk.ts";

const jwk: z.ZodType<PublicJwk> = z.custom<JsonValue>().transform((value, context) => {
  const key = parsePublicJwk(value);
  if (key !== undefined) return key;
  context.addIssue({ code: "custom" });
  return z.NEVER;
});

/** A JWK Set (RFC 7517) of 1 to 8 public keys, no two of one `kid`. */
export const jwks: z.ZodType<{ readonly keys: readonly PublicJwk[] }> = z.strictObject({
  keys: z.array(jwk).min(1).max(MAX_CLIENT_KEYS).refine(haveOwnNames),
});

/** Where the client shows its keys: https, no credentials, no fragment. The address is judged each time it is called. */
export const jwksUri: z.ZodType<string> = z.string().max(512).refine(isPlainHttps);

/** Serialised origins (RFC 6454 section 6.2), as a browser writes them; of plain http only one's own machine. */
export const origins: z.ZodType<readonly string[]> = z.array(z.string().max(256).refine(isOrigin)).max(MAX_ORIGINS);

/** Tokens by client_credentials in one lifetime of theirs, at each node. */
export const tokenLimit: z.ZodType<number | "off"> = z.union([z.int().min(1).max(999_999), z.literal("off")]);

/** RFC 8705 section 2.1.2: by which name of its certificate the client is known. */
export const certificateNames: {
  readonly tls_client_auth_san_dns: z.ZodOptional<z.ZodType<CertificateName>>;
  readonly tls_client_auth_san_uri: z.ZodOptional<z.ZodType<CertificateName>>;
  readonly tls_client_auth_san_ip: z.ZodOptional<z.ZodType<CertificateName>>;
  readonly tls_client_auth_san_email: z.ZodOptional<z.ZodType<CertificateName>>;
} = {
  tls_client_auth_san_dns: named("san_dns").optional(),
  tls_client_auth_san_uri: named("san_uri").optional(),
  tls_client_auth_san_ip: named("san_ip").optional(),
  tls_client_auth_san_email: named("san_email").optional(),
};

type NamesGiven = Partial<Record<keyof typeof certificateNames, CertificateName | undefined>>;

/** Undefined for none, `misplaced` for more than one. */
export function certificateIn(given: NamesGiven): CertificateName | undefined | "misplaced" {
  const names = (Object.keys(certificateNames) as (keyof NamesGiven)[]).flatMap((member) => given[member] ?? []);
  return names.length > 1 ? "misplaced" : names[0];
}

function named(kind: CertificateNameKind): z.ZodType<CertificateName> {
  return z
    .string()
    .max(512)
    .transform((text, context) => {
      const name = certificateName(kind, text);
      if (name !== undefined) return name;
      context.addIssue({ code: "custom" });
      return z.NEVER;
    });
}

export function clientKeys(
  registered: { readonly keys: readonly PublicJwk[] } | undefined,
  uri: string | undefined,
): ClientKeys | undefined {
  if (registered !== undefined) return { kind: "registered", jwks: registered.keys };
  return uri === undefined ? undefined : { kind: "published", uri };
}

function haveOwnNames(keys: readonly PublicJwk[]): boolean {
  const kids = keys.flatMap(({ kid }) => kid ?? []);
  return new Set(kids).size === kids.length;
}

function isPlainHttps(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash, href } = new URL(text);
  return protocol === "https:" && username === "" && password === "" && hash === "" && href === text;
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol, hostname } = new URL(text);
  const isSafe = protocol === "https:" || (protocol === "http:" && isLoopback(hostname.replace(/^\[|\]$/g, "")));
  // A wildcard parses as a host, and is none that a browser has.
  return isSafe && origin === text && /^[a-z]+:\/\/[a-z0-9.:[\]-]+$/.test(text);
}
