// The app's own schema of a token's claims, by the interface that schema libraries share (https://standardschema.dev).
// Asked once for each token, when its signature has been verified; what it said is remembered with the token.

import type { AccessTokenClaims } from "@hallpass/protocol";
import { type Awaitable, andThen } from "./ports.ts";

/** A schema of any library that speaks Standard Schema, version 1. */
export interface ClaimsSchema<All> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Awaitable<SchemaAnswer<All>>;
    readonly types?: { readonly input: unknown; readonly output: All } | undefined;
  };
}

export type SchemaAnswer<All> =
  | { readonly value: All; readonly issues?: undefined }
  | { readonly issues: readonly object[] };

/** What a token's claims are to the app: itself, what the schema made of it, or `refused`. */
export type Shown = AccessTokenClaims | "refused" | undefined;

/** Undefined without a schema. A schema that throws has said no. */
export function shownBy(schema: ClaimsSchema<unknown> | undefined, claims: AccessTokenClaims): Awaitable<Shown> {
  if (schema === undefined) return undefined;
  try {
    const answer = schema["~standard"].validate(claims.all);
    if (answer instanceof Promise) return answer.then((said) => shownAs(said, claims)).catch(() => "refused" as const);
    return andThen(answer, (said) => shownAs(said, claims));
  } catch {
    return "refused";
  }
}

function shownAs(answer: SchemaAnswer<unknown>, claims: AccessTokenClaims): Shown {
  // The types of `all` are the schema's from here on: createVerifier says so to the app.
  return answer.issues === undefined ? { ...claims, all: answer.value as AccessTokenClaims["all"] } : "refused";
}

export function isClaimsSchema(value: unknown): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = (value as Partial<ClaimsSchema<unknown>>)["~standard"];
  if (typeof standard !== "object" || standard === null) return false;
  const { version, validate } = standard as Partial<ClaimsSchema<unknown>["~standard"]>;
  return version === 1 && typeof validate === "function";
}
