// What the client is made with, and what is refused before anything is sent.

import { MAX_SCOPE_LENGTH, parseScope } from "@hallpass/protocol";
import type { FamilyStore } from "./family.ts";
import type { TokenStore } from "./token-store.ts";

export interface ServiceClientOptions {
  /** The issuer's address: https, or http on this machine. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where processes share tokens; without one every process asks for its own. */
  readonly store?: TokenStore;
  /** Told what the store throws. Tokens don't depend on it: a store that fails costs requests. */
  readonly onStoreFault?: (fault: unknown) => void;
  /** How long a call may wait for an issuer that does not answer, beside the 5 s of one request. Milliseconds; 10,000 without it. */
  readonly waitAtMostMs?: number;
}

export interface SessionClientOptions {
  /** The issuer's address: https, or http on this machine. */
  readonly issuer: string;
  readonly clientId: string;
  /** A public client has none. */
  readonly clientSecret?: string;
  /** Where this process keeps its refresh token; without one it is gone with the process. */
  readonly family?: FamilyStore;
  /** Told when a new refresh token could not be kept: the next process starts from the one before. */
  readonly onStoreFault?: (fault: unknown) => void;
  /** As for a service client. */
  readonly waitAtMostMs?: number;
}

export interface TokenRequest<Scope extends string = string, Resource extends string = string> {
  /** All that the client may have without it. Order means nothing. */
  readonly scope?: readonly Scope[];
  /** RFC 8707: for whom the token is. */
  readonly resource?: Resource;
}

/** All problems at once; none of them repeats a value. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("; "));
    this.problems = problems;
  }
}

const LONGEST_WAIT_MS = 300_000;
const OPTIONS = ["issuer", "clientId", "clientSecret", "store", "onStoreFault", "waitAtMostMs"];
const SESSION_OPTIONS = ["issuer", "clientId", "clientSecret", "family", "onStoreFault", "waitAtMostMs"];
const MEMBERS = ["scope", "resource"];

/** Throws OptionsError. */
export function checkOptions(options: ServiceClientOptions): void {
  check(options, OPTIONS, isText(options.clientSecret));
}

/** Throws OptionsError. */
export function checkSessionOptions(options: SessionClientOptions): void {
  check(options, SESSION_OPTIONS, options.clientSecret === undefined || isText(options.clientSecret));
}

function check(
  options: Pick<SessionClientOptions, "issuer" | "clientId" | "waitAtMostMs">,
  names: readonly string[],
  isSecret: boolean,
): void {
  const { issuer, clientId, waitAtMostMs: wait } = options;
  const problems = unknownNames(options, names);
  if (!isIssuer(issuer))
    problems.push("issuer: an https address without query and fragment, or http on localhost, is needed");
  if (!isText(clientId)) problems.push("clientId: a text of printable ASCII is needed");
  if (!isSecret) problems.push("clientSecret: a text of printable ASCII is needed");
  if (wait !== undefined && !(Number.isSafeInteger(wait) && wait >= 0 && wait <= LONGEST_WAIT_MS))
    problems.push(`waitAtMostMs: whole milliseconds from 0 to ${LONGEST_WAIT_MS} are needed`);
  if (problems.length > 0) throw new OptionsError(problems);
}

/** The form's parameters, the same for two spellings of one request. Throws OptionsError. */
export function checkRequest({ scope, resource, ...rest }: TokenRequest): Readonly<Record<string, string>> {
  const problems = unknownNames(rest, MEMBERS);
  const text = scope === undefined ? undefined : Array.isArray(scope) ? scope.toSorted(byText).join(" ") : "";
  if (text !== undefined && parseScope(text) === undefined)
    problems.push(`scope: different scope tokens of together at most ${MAX_SCOPE_LENGTH} characters are needed`);
  if (resource !== undefined && !isResource(resource))
    problems.push("resource: an absolute URI without fragment is needed");
  if (problems.length > 0) throw new OptionsError(problems);
  return { ...(text === undefined ? {} : { scope: text }), ...(resource === undefined ? {} : { resource }) };
}

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function unknownNames(given: object, known: readonly string[]): string[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => `${name}: there is no such option`);
}

function isIssuer(text: unknown): boolean {
  if (typeof text !== "string" || !URL.canParse(text) || /[?#]/.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  const isHere = hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
  return protocol === "https:" || (protocol === "http:" && isHere);
}

function isResource(text: unknown): boolean {
  return typeof text === "string" && text.length <= 2048 && URL.canParse(text) && !text.includes("#");
}

function isText(text: unknown): boolean {
  return typeof text === "string" && /^[\x20-\x7e]{1,1024}$/.test(text);
}
