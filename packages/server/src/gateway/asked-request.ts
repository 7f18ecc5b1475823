// What a gateway says: in its query, which is its own, what the upstream needs; in its headers, the request of somebody whom nobody trusts.

import { cookieValues, isOwnPage, isSafeMethod, parseBearer, parseForm, parseScope } from "@hallpass/protocol";
import { parseResource } from "../endpoints/fields.ts";

export interface Wanted {
  readonly audience: string;
  /** All of these. */
  readonly scope: readonly string[];
  /** Whose pages may act with the cookie. */
  readonly origins: readonly string[];
}

/** Every value that the header of this lower-case name has. */
export type Headers = (name: string) => readonly string[];

export type Presented =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "nothing" | "malformed" | "cross_site" };

const QUERY = { maxLength: 4096, maxParameters: 3 };
const NAMES: ReadonlySet<string> = new Set(["audience", "scope", "origins"]);
const utf8 = new TextEncoder();

/** Undefined for a query that the gateway's operator has to mend. */
export function wantedIn(query: string): Wanted | undefined {
  const parsed = parseForm(utf8.encode(query), QUERY);
  if (!parsed.ok || !parsed.form.names().every((name) => NAMES.has(name))) return undefined;
  const audience = parseResource(parsed.form.get("audience") ?? "");
  const scope = parsed.form.has("scope") ? parseScope(parsed.form.get("scope") ?? "") : [];
  const origins = (parsed.form.get("origins") ?? "").split(" ").filter((origin) => origin !== "");
  if (audience === undefined || scope === undefined || !origins.every(isOrigin)) return undefined;
  return { audience, scope, origins };
}

/** The Authorization header decides over the cookie: nobody's browser adds it by itself. */
export function presentedIn(headers: Headers, cookie: string, origins: readonly string[]): Presented {
  const [header, second] = headers("authorization");
  if (second !== undefined) return { kind: "malformed" };
  if (header !== undefined) {
    const bearer = parseBearer(header);
    if (bearer.kind === "bearer") return { kind: "token", token: bearer.token };
    return { kind: bearer.kind === "malformed" ? "malformed" : "nothing" };
  }
  const values = cookieValues(headers("cookie"), cookie);
  const [token] = values;
  if (token === undefined || token === "") return { kind: "nothing" };
  // Two cookies of one name: one of them is not the one we set (C-02).
  if (values.length > 1) return { kind: "malformed" };
  return mayAct(headers, origins) ? { kind: "token", token } : { kind: "cross_site" };
}

/**
 * A WebSocket is opened by GET, and gateways leave out Upgrade: so a page that names itself has to be one of ours whatever the method.
 * A method that the gateway does not tell is none that is safe.
 */
function mayAct(headers: Headers, origins: readonly string[]): boolean {
  const [origin = null, ...otherOrigins] = headers("origin");
  const [fetchSite = null] = headers("sec-fetch-site");
  if (otherOrigins.length > 0) return false;
  if (origin === null && isSafeMethod(methodOf(headers) ?? "")) return true;
  return isOwnPage({ origin, fetchSite }, origins);
}

/** Gateways have two names for it. If both are there, one may be the client's: then they have to agree. */
function methodOf(headers: Headers): string | undefined {
  const told = new Set([...headers("x-forwarded-method"), ...headers("x-original-method")]);
  const [method] = told;
  return told.size === 1 ? method : undefined;
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text;
}
