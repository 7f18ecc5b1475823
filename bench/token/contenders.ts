// Who is measured, by the name that `--contenders` takes, and of which operations. Whoever answers none of those that are measured is not started.

import type { Contender } from "./contender.ts";
import { type Database, startBenchPostgres, startRedis } from "./databases.ts";
import { startFloor } from "./floor.ts";
import { startHallpass } from "./hallpass.ts";
import { startHallpassRoute } from "./hallpass-route.ts";
import { startOidcProvider } from "./oidc-provider.ts";
import { startCookieRoute, startRoute } from "./route-servers.ts";
import { startExpressSession, startFastifySession } from "./session-servers.ts";

export interface Entry {
  readonly answers: readonly string[];
  /** Undefined when its database is not installed. */
  readonly start: () => Promise<Contender | undefined>;
}

const TOKENS = ["refresh", "client_credentials", "introspect", "revoke"];
const COOKIES = ["open", "check", "route"];

export const CONTENDERS: Readonly<Record<string, Entry>> = {
  memory: { answers: TOKENS, start: () => startOidcProvider() },
  redis: { answers: TOKENS, start: () => withDatabase(startRedis, startOidcProvider) },
  express: { answers: COOKIES, start: () => withDatabase(startRedis, startExpressSession) },
  fastify: { answers: COOKIES, start: () => startFastifySession() },
  "better-auth": cookie("better-auth (SQLite in memory)", "better-auth"),
  "better-auth-cache": cookie("better-auth with its cookie cache (SQLite in memory)", "better-auth-cache"),
  jose: route("jose on node:http", "jose"),
  jsonwebtoken: route("jsonwebtoken on node:http", "jsonwebtoken"),
  "fastify-jwt": route("@fastify/jwt", "fastify-jwt"),
  "fastify-jwt-cache": route("@fastify/jwt (cache)", "fastify-jwt-cache"),
  bare: route("floor: node:http, nobody is judged", "bare"),
  floor: { answers: [...TOKENS, "open", "check"], start: () => startFloor() },
  sqlite: { answers: [...TOKENS, "open", "check"], start: () => startHallpass() },
  postgres: { answers: [...TOKENS, "open", "check"], start: () => withDatabase(startBenchPostgres, startHallpass) },
  verifier: { answers: ["route"], start: () => startHallpassRoute("http") },
  "verifier-fastify": { answers: ["route"], start: () => startHallpassRoute("fastify") },
};

/** The same with that many live notices: `sqlite@1000`. */
const WITH_NOTICES: Readonly<Record<string, (notices: number) => Entry>> = {
  sqlite: (notices) => ({ answers: [...TOKENS, "open", "check"], start: () => startHallpass(undefined, notices) }),
  verifier: (notices) => ({ answers: ["route"], start: () => startHallpassRoute("http", notices) }),
};

function route(name: string, kind: string): Entry {
  return { answers: ["route"], start: () => startRoute(name, kind) };
}

/** Its route looks a session up by a cookie. */
function cookie(name: string, kind: string): Entry {
  return { answers: ["check", "route"], start: () => startCookieRoute(name, kind) };
}

async function withDatabase(
  startDatabase: () => Promise<Database | undefined>,
  startOn: (database: Database) => Promise<Contender>,
): Promise<Contender | undefined> {
  const database = await startDatabase();
  return database === undefined ? undefined : startOn(database);
}

/** By the names that were given. */
export async function startContenders(
  names: readonly string[],
  operations: readonly string[],
): Promise<ReadonlyMap<string, Contender>> {
  const started = new Map<string, Contender>();
  for (const name of names) {
    const [, known = name, notices] = /^([a-z]+)@(\d+)$/.exec(name) ?? [];
    const entry = notices === undefined ? CONTENDERS[known] : WITH_NOTICES[known]?.(Number(notices));
    if (entry === undefined) throw new Error(`--contenders are of ${Object.keys(CONTENDERS).join(", ")}`);
    if (!operations.some((operation) => entry.answers.includes(operation))) continue;
    const contender = await entry.start();
    if (contender === undefined) process.stderr.write(`left out: ${name}, whose database is not installed\n`);
    else started.set(name, contender);
  }
  return started;
}

/** Who answers the operation and was not started, because nobody asked for it or its database is not installed. */
export function leftOut(operation: string, started: ReadonlyMap<string, Contender>): readonly string[] {
  const all = Object.entries(CONTENDERS).filter(([, { answers }]) => answers.includes(operation));
  return all.map(([name]) => name).filter((name) => !started.has(name));
}
