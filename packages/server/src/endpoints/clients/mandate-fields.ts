// What says for whom a client acts, on the wire, and its secret by hash: for the endpoints that write a registration.

import { MAX_PATTERNS, type Mandate, parsePattern, parseRoleName } from "@hallpass/core";
import { z } from "zod";

const patterns: z.ZodType<readonly string[]> = z
  .array(z.string().refine((text) => parsePattern(text) !== undefined))
  .max(MAX_PATTERNS)
  .default([])
  .transform((list) => [...new Set(list)]);

/** A part that is absent permits nothing. */
export const mandate: z.ZodType<Mandate> = z.strictObject({
  clients: patterns,
  audiences: patterns,
  subjects: patterns,
  policies: patterns,
  acr: patterns,
  amr: patterns,
});

export const roles: z.ZodType<readonly string[]> = z
  .array(z.string().refine((text) => parseRoleName(text) !== undefined))
  .max(16)
  .transform((list) => [...new Set(list)]);

/** SHA-256 of a secret's text, hex or base64url: for one that was made elsewhere and is never shown here. */
export const secretSha256: z.ZodType<string> = z
  .string()
  .regex(/^(?:[0-9a-f]{64}|[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/)
  .transform((text) => (text.length === 64 ? Buffer.from(text, "hex").toString("base64url") : text));
