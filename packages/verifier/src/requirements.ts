// What one route asks beyond a valid token. It can only ask for more: there is no way to ask for less here.

import type { AccessTokenClaims, JsonValue } from "@hallpass/protocol";
import { type Rejected, rejected, scopeMissing } from "./verdict.ts";

/** A value that must be equal, or a question about the claim. */
export type ClaimRequirement = string | number | boolean | ((value: JsonValue | undefined) => boolean);

export interface Requirements {
  /** Milliseconds: the view may not be older for this call. More than `maxStalenessMs` changes nothing. */
  readonly maxAgeMs?: number;
  /** All of these. */
  readonly requireScope?: readonly string[];
  /** By the names on the wire, such as `acr`. */
  readonly requireClaims?: Readonly<Record<string, ClaimRequirement>>;
}

/** Judged last: who may not be let in at all learns nothing about what a route needs. */
export function judgeRequirements(claims: AccessTokenClaims, required: Requirements): Rejected | undefined {
  const { requireScope, requireClaims } = required;
  if (requireScope !== undefined && !requireScope.every((scope) => claims.scope.includes(scope))) {
    return scopeMissing(requireScope);
  }
  if (requireClaims === undefined) return undefined;
  for (const [name, requirement] of Object.entries(requireClaims)) {
    const value = Object.hasOwn(claims.all, name) ? claims.all[name] : undefined;
    // Exactly true: a promise that a question returned by mistake is no yes.
    const met: unknown = typeof requirement === "function" ? requirement(value) : value === requirement;
    if (met !== true) return rejected("claims_not_met");
  }
  return undefined;
}
