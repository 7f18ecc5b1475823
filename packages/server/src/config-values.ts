// What the texts of configuration keys are parsed to, and what is said of one that is wrong.

import { FACT_SENTENCES, type FactKind, Secret } from "@hallpass/core";
import { parseStrictJson } from "@hallpass/protocol";
import { z } from "zod";
import { type Pkcs11Uri, parsePkcs11Uri } from "./host/kek/pkcs11.ts";
import { isPostgresAddress } from "./host/postgres-address.ts";
import { parseNetwork } from "./outbound/networks.ts";

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** How often something may be asked for. */
export type Limit = number | "off";

/** A further tenant beside the default one, with an issuer, keys, clients and data of its own. */
export interface TenantSettings {
  readonly id: string;
  readonly issuer: string;
  readonly kek_file: string | undefined;
  readonly operator_secret_sha256: string | undefined;
}

/** A database's address has its password in it, so it never prints. */
export type StoreChoice = "sqlite" | "memory" | Secret;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

export const workers: z.ZodType<number, string> = z
  .string()
  .regex(/^(?:[1-9]|[1-9]\d|1[01]\d|12[0-8])$/, "has to be a number from 1 to 128")
  .transform(Number);

export const duration: z.ZodType<number, string> = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, "has to be a duration such as 30s, 15m, 1h or 30d")
  .transform((text) => Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 1));

export const limit: z.ZodType<Limit, string> = z
  .string()
  .regex(/^(?:off|[1-9]\d{0,5})$/, "has to be a whole number from 1 to 999999, or off")
  .transform((text) => (text === "off" ? text : Number(text)));

export const listen: z.ZodType<Listen, string> = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, "has to be an address and a port such as 127.0.0.1:8026")
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65_535, "has to have a port of at most 65535");

export const flag: z.ZodType<boolean, string> = z
  .enum(["true", "false"], "has to be true or false")
  .transform((text) => text === "true");

/** Words of a list, separated by spaces; none for the empty text. */
const wordsOf = (text: string): readonly string[] => text.split(" ").filter((word) => word !== "");

const isKind = (text: string): text is FactKind => Object.hasOwn(FACT_SENTENCES, text);

export const kinds: z.ZodType<readonly FactKind[], string> = z
  .string()
  .refine((text) => wordsOf(text).every(isKind), "has to be kinds of facts, separated by spaces")
  .transform((text) => wordsOf(text).filter(isKind));

const KEPT = /^([a-z_]+)=([1-9]\d{0,5}[smhd])$|^(token_refreshed|session_kept_alive)=0$/;

const kindKept = (word: string): string => {
  const [, kind, , uncounted] = KEPT.exec(word) ?? [];
  return kind ?? uncounted ?? "";
};

const SIZES: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** Bytes. */
export const size: z.ZodType<number, string> = z
  .string()
  .regex(/^[1-9]\d{0,5}(?:MB|GB|TB)$/, "has to be a size such as 500MB, 20GB or 1TB")
  .transform((text) => Number(text.slice(0, -2)) * (SIZES[text.slice(-2)] ?? 1));

export const keptOf: z.ZodType<readonly (readonly [kind: FactKind, seconds: number])[], string> = z
  .string()
  .refine(
    (text) => wordsOf(text).every((word) => isKind(kindKept(word))),
    "has to be kinds of facts with a duration, such as token_refreshed=1d; 0 only for token_refreshed and session_kept_alive",
  )
  .transform((text) =>
    wordsOf(text).flatMap((word) => {
      const kind = kindKept(word);
      const span = KEPT.exec(word)?.[2];
      return isKind(kind) ? [[kind, span === undefined ? 0 : duration.parse(span)] as const] : [];
    }),
  );

export const path: z.ZodType<string, string> = z.string().min(1, "has to be a path").max(4096, "has to be a path");

export const issuer: z.ZodType<string, string> = z
  .string()
  .refine(
    isOrigin,
    "has to be an origin in its shortest spelling, such as https://auth.example, without path or slash",
  );

/** Networks in CIDR, separated by commas; none for the empty text. */
export const networks: z.ZodType<readonly string[], string> = z.string().transform((text, context) => {
  const parts = text.split(",").map((part) => part.trim());
  const parsed = parts.map(parseNetwork);
  if (parsed.every((one) => one !== undefined)) return parsed;
  context.addIssue({ code: "custom", message: "has to be networks such as 10.0.0.0/8,fd00::/8" });
  return z.NEVER;
});

export const storeChoice: z.ZodType<StoreChoice, string> = z.string().transform((text, context) => {
  if (text === "sqlite" || text === "memory") return text;
  if (isPostgresAddress(text)) return new Secret(text);
  const wanted = "sqlite, memory or postgres://user:password@host:port/database";
  context.addIssue({ code: "custom", message: `has to be ${wanted}; several hosts are separated by commas` });
  return z.NEVER;
});

export const bytes32: z.ZodType<Uint8Array, string> = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, "has to be base64url of 32 bytes")
  .transform((text) => new Uint8Array(Buffer.from(text, "base64url")));

export const vaultKey: z.ZodType<string, string> = z
  .string()
  .regex(
    /^https?:\/\/[A-Za-z0-9.\-[\]:]+\/v1\/(?:[A-Za-z0-9._-]+\/)+keys\/[A-Za-z0-9._-]{1,128}$/,
    "has to be an address such as https://vault.example:8200/v1/transit/keys/hallpass",
  );

export const pkcs11Uri: z.ZodType<Pkcs11Uri, string> = z.string().transform((text, context) => {
  const uri = parsePkcs11Uri(text);
  if (uri !== undefined) return uri;
  context.addIssue({
    code: "custom",
    message: "has to be pkcs11:token=…;id=%01?module-path=/…&pin-source=file:/… and nothing more",
  });
  return z.NEVER;
});

export const sha256: z.ZodType<string, string> = z
  .string()
  .regex(/^(?:[0-9a-f]{64}|[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/, "has to be a SHA-256 in hex or base64url")
  .transform((text) => (text.length === 64 ? Buffer.from(text, "hex").toString("base64url") : text));

const tenantRecord = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "has to have a name of a-z, 0-9 and -"),
  z.strictObject({
    issuer,
    kek_file: path.optional(),
    operator_secret_sha256: sha256.optional(),
  }),
);

export const tenants: z.ZodType<readonly TenantSettings[], string> = z.string().transform((text, context) => {
  const parsed = parseStrictJson(text, { maxLength: 65_536, maxDepth: 4, maxMembers: 1024 });
  const record = tenantRecord.safeParse(parsed.ok ? parsed.value : null);
  if (record.success)
    return Object.entries(record.data).map(([id, { issuer: own, kek_file, operator_secret_sha256 }]) => ({
      id,
      issuer: own,
      kek_file,
      operator_secret_sha256,
    }));
  const [first] = record.error.issues;
  const place =
    first === undefined || first.path.length === 0 ? "" : ` (see ${first.path.join(".")}: ${first.message})`;
  context.addIssue({
    code: "custom",
    message: `has to be an object of tenants such as {"shop": {"issuer": "https://auth.shop.example"}}${place}`,
  });
  return z.NEVER;
});

/** RFC 8414 compares issuers as texts, so there is one spelling: what URL prints, without the slash. A path would need well-known documents elsewhere. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text;
}
