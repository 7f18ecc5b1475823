// Members that several bodies have, each with the parser that core or protocol has for it.

import {
  areReadable,
  type ClientId,
  type FamilyId,
  type Instant,
  instantOf,
  parseClientId,
  parseFamilyId,
  parseSessionId,
  parseSubjectId,
  type SessionId,
  type SubjectId,
} from "@hallpass/core";
import {
  DEFAULT_SIGNING_ALG,
  type JsonObject,
  type JsonValue,
  MAX_AUDIENCES,
  parseScope,
  SIGNING_ALGS,
  type SigningAlg,
} from "@hallpass/protocol";
import { z } from "zod";

export const sessionId: z.ZodType<SessionId> = parsed(parseSessionId);
export const subjectId: z.ZodType<SubjectId> = parsed(parseSubjectId);
export const clientId: z.ZodType<ClientId> = parsed(parseClientId);
export const familyId: z.ZodType<FamilyId> = parsed(parseFamilyId);

/** Space-separated, as OAuth writes it; the empty text is the empty scope. */
export const scope: z.ZodType<readonly string[]> = parsed((text) => (text === "" ? [] : parseScope(text)));

export const audience: z.ZodType<readonly string[]> = z.preprocess(
  (value) => (typeof value === "string" ? [value] : value),
  z.array(parsed(parseResource)).min(1).max(MAX_AUDIENCES),
);

/** A few words of a person or a program: no control characters, at most 200. */
export const words: z.ZodType<string> = z.string().regex(/^[^\p{Cc}\u2028\u2029]{1,200}$/u);

export const name: z.ZodType<string> = z.string().regex(/^[^\p{Cc}\u2028\u2029]{1,512}$/u);

/** Of which keys; ES256 where none is named. */
export const signingAlg: z.ZodType<SigningAlg, SigningAlg | undefined> = z
  .enum(SIGNING_ALGS)
  .default(DEFAULT_SIGNING_ALG);

/** Milliseconds that an answer may wait for verifiers (spec/receipt.md RCP-7). */
export const waitMs: z.ZodType<number> = z.int().min(0).max(30_000);

/** Whole seconds since the epoch. */
export const numericDate: z.ZodType<number> = z.int().min(0).max(253_402_300_799);

export const instant: z.ZodType<Instant> = z
  .int()
  .min(0)
  .max(253_402_300_799_999)
  .transform((ms) => ms as Instant);

/** These three as a token's readers take them: otherwise a session's own tokens would be refused everywhere. */
export const amr: z.ZodType<readonly string[]> = z
  .array(z.string().regex(/^[\x21-\x7e]{1,64}$/))
  .max(16)
  .refine((methods) => new Set(methods).size === methods.length);

export const acr: z.ZodType<string> = z.string().regex(/^[\x21-\x7e]{1,255}$/);

export const claims: z.ZodType<JsonObject> = z
  .record(z.string().min(1).max(128), z.custom<JsonValue>())
  .refine(areReadable);

export const device: z.ZodType<{
  readonly name: string | null;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly region?: string;
}> = z
  .strictObject({
    name: name.nullish(),
    user_agent: name.nullish(),
    ip: z.union([z.ipv4(), z.ipv6()]).nullish(),
    region: words.nullish(),
  })
  .transform(({ name: called, user_agent: userAgent, ip, region }) => ({
    name: called ?? null,
    userAgent: userAgent ?? null,
    ip: ip ?? null,
    ...(typeof region === "string" ? { region } : {}),
  }));

/** The instant that a NumericDate names. */
export function atSeconds(value: number): Instant {
  return instantOf(value * 1000);
}

/** An absolute URI without fragment (RFC 8707 section 2). The text stays as it was sent: it is compared, never resolved. */
export function parseResource(text: string): string | undefined {
  return text.length <= 512 && RESOURCE.test(text) && URL.canParse(text) ? text : undefined;
}

const RESOURCE = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/;

function parsed<T>(parse: (text: string) => T | undefined): z.ZodType<T> {
  return z
    .string()
    .max(2048)
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.addIssue({ code: "custom" });
      return z.NEVER;
    });
}
