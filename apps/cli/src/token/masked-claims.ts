// Claims as they may be shown: what can be about a person is masked, what an operator needs to act is not.

import { isJsonObject, type JsonObject, type JsonValue } from "@hallpass/protocol";

/** Claims that hold ids, times and codes of ours. Every other one may be personal. */
const SHOWN: ReadonlySet<string> = new Set(
  "iss aud client_id scope iat exp nbf auth_time jti sid fam pos anc acr amr cnf".split(" "),
);

export function maskedClaims(claims: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [name, SHOWN.has(name) ? value : masked(value)]),
  );
}

function masked(value: JsonValue): JsonValue {
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, masked(one)]));
  if (Array.isArray(value)) return `(masked, ${value.length} items)`;
  if (typeof value === "string") return `(masked, ${value.length} characters)`;
  return typeof value === "number" ? "(masked)" : value;
}
