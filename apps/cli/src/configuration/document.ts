// The file that `apply` brings and `export` prints: roles, policies and clients of one issuer, in the words of /v1. Strict: an unknown name is
// a problem, all problems are named at once, and no secret has a place in it. What the file does not say stays as it is.

import { parseText, readDocument, SCOPES } from "@hallpass/server";
import { z } from "zod";
import { Complaint } from "../complaint.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../print/columns.ts";

export interface WantedClient {
  readonly token_endpoint_auth_method?: string | undefined;
  readonly access_token_signing_alg?: string | undefined;
  readonly audiences?: readonly string[] | undefined;
  readonly status?: "active" | "disabled" | undefined;
  /** For a client that is made: its secret's SHA-256, instead of a secret that is made for it. */
  readonly secret_sha256?: string | undefined;
  /** The other members of a registration at /v1/clients. */
  readonly [member: string]: unknown;
}

/** Members of an edit at /v1/policies. */
export type WantedPolicy = Readonly<Record<string, unknown>>;

export interface Document {
  readonly hallpass: 1;
  /** With it, every audience of a client has to stand here: a slip of the pen is found before it is applied. */
  readonly audiences?: readonly string[] | undefined;
  /** Scopes by the role's name, separated by blanks. */
  readonly roles?: Readonly<Record<string, string>> | undefined;
  readonly policies?: Readonly<Record<string, WantedPolicy>> | undefined;
  readonly clients?: Readonly<Record<string, WantedClient>> | undefined;
}

const text = z.string({ error: "has to be text" }).min(1, "may not be empty").max(512, "is too long");
const texts = z.array(text, { error: "has to be a list of texts" }).max(200, "is too long");
const pattern = text.regex(/^[^*]*\*?$/, "may hold * only at its end");
const patterns = z.array(pattern, { error: "has to be a list of texts" }).max(50, "is too long").default([]);

const mandate = z.strictObject({
  clients: patterns,
  audiences: patterns,
  subjects: patterns,
  policies: patterns,
  acr: patterns,
  amr: patterns,
});

const scope = z.string({ error: "has to be text, its scopes separated by blanks" }).max(2048, "is too long");

const client = z.strictObject({
  name: text.optional(),
  token_endpoint_auth_method: z
    .enum(
      ["none", "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"],
      "has to be none, client_secret_basic, client_secret_post, private_key_jwt or tls_client_auth",
    )
    .optional(),
  grant_types: z
    .array(z.enum(["refresh_token", "client_credentials"], "has to be refresh_token or client_credentials"))
    .max(2, "is too long")
    .optional(),
  scope: scope.optional(),
  audiences: texts.min(1, "needs at least one").optional(),
  policy: text.optional(),
  access_token_signing_alg: text.optional(),
  allowed_origins: texts.optional(),
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.json())) }).optional(),
  jwks_uri: text.optional(),
  tls_client_auth_san_dns: text.optional(),
  tls_client_auth_san_uri: text.optional(),
  tls_client_auth_san_ip: text.optional(),
  tls_client_auth_san_email: text.optional(),
  token_limit: z
    .union([z.int().min(1).max(999_999), z.literal("off")], "has to be a whole number from 1 to 999999, or off")
    .optional(),
  mandate: mandate.optional(),
  roles: texts.optional(),
  status: z.enum(["active", "disabled"], "has to be active or disabled").optional(),
  secret_sha256: z
    .string()
    .regex(/^(?:[0-9a-f]{64}|[A-Za-z0-9_-]{43})$/, "has to be a SHA-256 in hex or base64url")
    .optional(),
});

const seconds = z.int("has to be whole seconds").min(1, "has to be at least 1");

const policy = z.strictObject({
  access_lifetime_s: seconds.optional(),
  idle_s: seconds.optional(),
  absolute_s: seconds.optional(),
  remembered: z.strictObject({ idle_s: seconds, absolute_s: seconds }).nullable().optional(),
  retry_window_s: seconds.optional(),
  recovery_window_s: seconds.optional(),
  on_reuse: z.enum(["session", "family"], "has to be session or family").optional(),
  rotation: z.enum(["always", "off"], "has to be always or off").optional(),
  refresh_is_activity: z.boolean("has to be true or false").optional(),
  max_sessions: z.int("has to be a whole number").min(1, "has to be at least 1").optional(),
  over_limit: z.enum(["evict_oldest", "refuse"], "has to be evict_oldest or refuse").optional(),
  required_acr: texts.optional(),
});

const named = <T extends z.ZodType>(what: RegExp, value: T): z.ZodRecord<z.ZodString, T> =>
  z.record(z.string().regex(what, "is no name"), value);

const document: z.ZodType<Document> = z
  .strictObject({
    hallpass: z.literal(1, "has to be 1: the version of this format"),
    audiences: texts.optional(),
    roles: named(
      /^[a-z0-9][a-z0-9-]{0,63}$/,
      scope.refine(
        (value) => value.split(" ").every((one) => one === "" || (SCOPES as readonly string[]).includes(one)),
        "holds what is no scope of this API",
      ),
    ).optional(),
    policies: named(/^[a-z0-9][a-z0-9_-]{0,62}$/, policy).optional(),
    clients: named(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/, client).optional(),
  })
  .superRefine(({ audiences, clients = {} }, context) => {
    if (audiences === undefined) return;
    for (const [id, one] of Object.entries(clients)) {
      for (const [index, audience] of (one.audiences ?? []).entries()) {
        if (!audiences.includes(audience))
          context.addIssue({
            code: "custom",
            path: ["clients", id, "audiences", index],
            message: `is not among audiences: ${audience}`,
          });
      }
    }
  });

/** Throws a complaint that names every problem; `-` reads stdin as YAML, which JSON is, too. */
export async function readWanted(
  path: string,
  { say, readInput }: { readonly say: (line: string) => void; readonly readInput: () => Promise<string> },
): Promise<Document> {
  const read = path === "-" ? parseText(await readInput(), "YAML") : readDocument(path);
  const parsed = read.ok ? document.safeParse(read.members) : undefined;
  if (parsed?.success === true) return parsed.data;
  const problems = read.ok ? (parsed?.error?.issues ?? []).flatMap(wordsOf) : [read.problem];
  for (const problem of problems) say(`problem: ${printable(problem)}\n`);
  throw new Complaint(
    EXIT.usage,
    `${path} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}`,
    "nothing was sent; hallpass export prints a file that is right",
  );
}

function wordsOf(issue: z.core.$ZodIssue): readonly string[] {
  const place = issue.path.map(String).join(".");
  const at = (name: string): string => (place === "" ? name : `${place}.${name}`);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => `${at(key)} is no member here`);
  if (issue.code === "invalid_key") return [`${place} is no name that could stand here`];
  return [`${place === "" ? "the file" : place} ${issue.message}`];
}
