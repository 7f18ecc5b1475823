// What a verifier is told when it is created. Everything is judged here, at once and with all problems together;
// after it nobody re-checks.

import { MAX_STALENESS_MS, MIN_STALENESS_MS, type OnStale } from "@hallpass/protocol";
import { type ClaimsSchema, isClaimsSchema } from "./claims-schema.ts";
import type { Fetch } from "./fetch-post.ts";
import type { TracerLike } from "./tracer.ts";

export interface VerifierOptions {
  /** As it stands in `iss`. https, or http on a loopback host. */
  readonly issuer: string;
  /** What must stand in `aud`. */
  readonly audience: string;
  /** A confidential client with the scope `feed`. */
  readonly credentials: { readonly clientId: string; readonly clientSecret: string };
  /** How receipts group this verifier. Without it: the audience. */
  readonly service?: string;
  readonly region?: string;
  /** Unique to this process. Without it: random. */
  readonly instance?: string;
  /** M, in milliseconds: no revoked token is accepted later than this after the revocation. 60,000 without it. */
  readonly maxStalenessMs?: number;
  /** What to do when the view is older. `unavailable` without it; `accept` gives up the bound. */
  readonly onStale?: OnStale;
  /** OpenTelemetry's Tracer, or what has its form: each verdict becomes a span. */
  readonly tracer?: TracerLike;
  /** Reads the session token (or an access token) from this cookie when there is no Authorization header. */
  readonly cookie?: CookieOptions;
  /**
   * `push` keeps a connection. `pull` is for functions, workers and the edge: no connection, no timer, nothing between two
   * requests; `verify` fetches what it lacks. `push` without it.
   */
  readonly feed?: "push" | "pull";
  /**
   * A schema of any library that speaks Standard Schema: `claims.all` of an accepted verdict is what it made of the payload,
   * and what it refuses is rejected. It may be asynchronous. `createVerifier` takes the types from it.
   */
  readonly claims?: ClaimsSchema<unknown>;
  /**
   * Asks the issuer through this instead: through a proxy, or with certificates of your own. Without it a verifier that pulls
   * on Node asks through node:http, which is there sooner than `fetch`, and every other through the platform's `fetch`. The
   * connection of `push` is the platform's WebSocket.
   */
  readonly fetch?: Fetch;
  /** Where the resource's metadata stand (RFC 9728); every challenge names it. `resourceMetadata().url` is one. */
  readonly resourceMetadata?: string;
  /** How many verified signatures, and as many answers about session tokens, are remembered, about 3 KB each. 10,000 without it. */
  readonly rememberedTokens?: number;
}

export interface CookieOptions {
  /** Begins with `__Host-`. */
  readonly name: string;
  /** Whose pages may send unsafe methods, each as `scheme://host[:port]`. */
  readonly origins: readonly string[];
}

export type SettingsOptions = Omit<VerifierOptions, "credentials" | "fetch">;

export interface Settings {
  readonly issuer: string;
  readonly audience: string;
  readonly service: string;
  readonly region: string | undefined;
  readonly instance: string | undefined;
  readonly maxStalenessMs: number;
  readonly onStale: OnStale;
  readonly feed: "push" | "pull";
  readonly cookie: CookieOptions | undefined;
  readonly claims: ClaimsSchema<unknown> | undefined;
  readonly resourceMetadata: string | undefined;
  readonly rememberedTokens: number;
}

/** Thrown when a verifier is created; names every key that is wrong and what would be right. */
export class OptionsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`verifier options: ${problems.join("; ")}`);
    this.name = "OptionsError";
    this.problems = problems;
  }
}

const NAME = /^[\x20-\x7e]{1,128}$/;
const COOKIE_NAME = /^__Host-[A-Za-z0-9_.-]{1,100}$/;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

type Rule = readonly [fits: (value: unknown) => boolean, right: string, required?: true];

const RULES: Readonly<Record<keyof SettingsOptions, Rule>> = {
  issuer: [isIssuer, "an https address without query or fragment (http only on a loopback host)", true],
  audience: [(value) => isText(value, 512), "a text of 1 to 512 characters", true],
  service: [isName, "1 to 128 printable ASCII characters"],
  region: [isName, "1 to 128 printable ASCII characters"],
  instance: [isName, "1 to 128 printable ASCII characters, unique to the process"],
  maxStalenessMs: [
    (value) => isWhole(value, MIN_STALENESS_MS, MAX_STALENESS_MS),
    `whole milliseconds from ${MIN_STALENESS_MS} to ${MAX_STALENESS_MS}`,
  ],
  onStale: [
    (value) => ["unavailable", "introspect", "accept"].includes(value as string),
    "unavailable, introspect or accept",
  ],
  claims: [isClaimsSchema, "a schema that speaks Standard Schema, version 1"],
  resourceMetadata: [isResource, "an https address without query or fragment (http only on a loopback host)"],
  feed: [(value) => value === "push" || value === "pull", "push or pull"],
  tracer: [(value) => isObject(value) && typeof value["startSpan"] === "function", "an OpenTelemetry Tracer"],
  cookie: [isCookie, "{name, origins} with a name that begins with __Host- and at least one origin"],
  rememberedTokens: [(value) => isWhole(value, 2, 10_000_000), "a whole number from 2 to 10,000,000"],
};

/** Throws OptionsError. */
export function settingsFrom(options: SettingsOptions): Settings {
  const problems = problemsOf(options, RULES);
  if (problems.length > 0) throw new OptionsError(problems);
  return {
    issuer: options.issuer,
    audience: options.audience,
    service: options.service ?? (NAME.test(options.audience) ? options.audience : "resource-server"),
    region: options.region,
    instance: options.instance,
    maxStalenessMs: options.maxStalenessMs ?? 60_000,
    onStale: options.onStale ?? "unavailable",
    feed: options.feed ?? "push",
    cookie: options.cookie,
    claims: options.claims,
    resourceMetadata: options.resourceMetadata,
    rememberedTokens: options.rememberedTokens ?? 10_000,
  };
}

/** The same with credentials and `fetch`; they go to the ports and nowhere else. */
export function checkCredentials(options: VerifierOptions): SettingsOptions {
  const { credentials, fetch: ownFetch, ...rest } = options;
  const fits =
    isObject(credentials) &&
    Object.keys(credentials).length === 2 &&
    isText(credentials["clientId"], 255) &&
    isText(credentials["clientSecret"], 1024);
  const problems = [
    ...(fits ? [] : ["credentials: give {clientId, clientSecret}"]),
    ...(ownFetch === undefined || typeof ownFetch === "function" ? [] : ["fetch: a function like the platform's"]),
  ];
  if (problems.length > 0) throw new OptionsError([...problems, ...problemsOf(rest, RULES)]);
  return rest;
}

function problemsOf(given: object, rules: Readonly<Record<string, Rule>>): string[] {
  const values = given as Readonly<Record<string, unknown>>;
  const problems = Object.keys(values)
    .filter((key) => !Object.hasOwn(rules, key))
    .map((key) => `${key}: there is no such option`);
  for (const [key, [fits, right, required]] of Object.entries(rules)) {
    const value = values[key];
    if (value === undefined ? required === true : !fits(value)) problems.push(`${key}: give ${right}`);
  }
  return problems;
}

/** One that can stand in a challenge, too. */
export function isResource(value: unknown): value is string {
  return typeof value === "string" && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value) && isIssuer(value);
}

function isIssuer(value: unknown): value is string {
  if (typeof value !== "string" || value.length > 512 || !URL.canParse(value)) return false;
  const url = new URL(value);
  if (value.includes("?") || value.includes("#") || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
}

function isCookie(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).some((key) => key !== "name" && key !== "origins")) return false;
  const { name, origins } = value;
  return (
    typeof name === "string" &&
    COOKIE_NAME.test(name) &&
    Array.isArray(origins) &&
    origins.length > 0 &&
    origins.every((origin) => typeof origin === "string" && URL.canParse(origin) && new URL(origin).origin === origin)
  );
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && NAME.test(value);
}

function isText(value: unknown, most: number): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= most;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** For how long after it was confirmed a view knows of every key, in milliseconds (AT-V3). A connection confirms it every second (LEASE-9): if it has not for five, the verifier may be cut off. */
export function keysCertainMs({ feed, maxStalenessMs }: Pick<Settings, "feed" | "maxStalenessMs">): number {
  return feed === "push" ? Math.min(maxStalenessMs, 5000) : maxStalenessMs;
}
