// What this project wants to reach, as bounds on figures that are kept. Whether one is met is computed from them, and stands nowhere else.

import type { Kept } from "../kept.ts";
import { type Figure, type Row, timesOf } from "../result.ts";
import { show } from "../table.ts";

export interface Goal {
  /** What it is about; goals of the same stand beneath each other. */
  readonly of: string;
  /** The id of the result, and who of it. Of several the worst counts. */
  readonly result: string;
  readonly rows: readonly string[];
  readonly figure: string;
  /** The row that it is so many times of; "every peer" is whoever is neither ours nor a floor. Undefined for a bound on the figure itself. */
  readonly beside?: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
}

const RATE = "per CPU-second of the server";
const [SQLITE, POSTGRES] = ["Hallpass (SQLite FULL)", "Hallpass (PostgreSQL fsync)"];
const [MEMORY, REDIS] = ["oidc-provider (memory)", "oidc-provider (Redis everysec)"];
const EXPRESS = "express-session (connect-redis everysec)";
const FLOOR = "floor: node:http, ES256, fdatasync";
const BARE = "floor: node:http, nobody is judged";
const VERIFIER = "Hallpass verifier on node:http";

type Named = Pick<Goal, "of" | "result" | "rows">;

function times(named: Named, atLeast: number, beside: string, figure: string = RATE): Goal {
  return { ...named, figure, beside, bound: { atLeast } };
}

function most(named: Named, figure: string, atMost: number): Goal {
  return { ...named, figure, bound: { atMost } };
}

function operation(of: string, result: string, ...rows: readonly string[]): Named {
  return { of, result, rows };
}

const REFRESH = operation("a refresh with rotation, durable on SQLite", "refresh", SQLITE);
const CREDENTIALS = operation("a token of client_credentials, on SQLite", "client_credentials", SQLITE);
const INTROSPECT = operation("an introspection, on SQLite", "introspect", SQLITE);
const REVOKE = operation("a revocation, durable on SQLite", "revoke", SQLITE);
const OPEN = operation("a session that is opened, durable on SQLite", "open", SQLITE);
const CHECK = operation("a look-up by cookie (`/check`), on SQLite", "check", SQLITE);
const ROUTE = operation("a protected route with the verifier, on node:http", "route", VERIFIER);
const NEAR_THE_FLOOR = 0.7;

export const GOALS: readonly Goal[] = [
  times(REFRESH, 3, MEMORY),
  times(REFRESH, NEAR_THE_FLOOR, FLOOR),
  times({ ...REFRESH, of: "the same on PostgreSQL", rows: [POSTGRES] }, 2.5, REDIS),
  times(CREDENTIALS, 3, MEMORY),
  times(CREDENTIALS, NEAR_THE_FLOOR, FLOOR),
  times(INTROSPECT, 4.5, MEMORY),
  times(INTROSPECT, NEAR_THE_FLOOR, FLOOR),
  times({ ...INTROSPECT, of: "the same on PostgreSQL", rows: [POSTGRES] }, 4.5, MEMORY),
  times(REVOKE, 4, MEMORY),
  times(REVOKE, NEAR_THE_FLOOR, FLOOR),
  times(OPEN, 1, "every peer"),
  times(OPEN, NEAR_THE_FLOOR, FLOOR),
  times(CHECK, 1, "every peer"),
  times(CHECK, NEAR_THE_FLOOR, FLOOR),
  times({ ...CHECK, of: "the same on PostgreSQL", rows: [POSTGRES] }, 1, "every peer"),
  times(ROUTE, 2.5, "@fastify/session (memory)"),
  times(ROUTE, 5, EXPRESS),
  times(ROUTE, 1, "@fastify/jwt (cache)"),
  times(ROUTE, NEAR_THE_FLOOR, BARE),
  times(
    operation("a remembered verdict", "verify-remembered", "Hallpass judge()"),
    2,
    "fast-jwt, cache hit",
    "per CPU-second",
  ),
  // At most 15 % more time than the cryptography alone.
  times(
    operation("a fresh verdict", "verify-fresh", "Hallpass judge()"),
    0.87,
    "floor: node:crypto (ieee-p1363) + JSON.parse",
    "per CPU-second",
  ),
  most(operation("a revocation, until 100 verifiers have received it", "push", "100"), "received: p99 ms", 100),
  most(
    operation("a revocation, until the verifiers of another node refuse", "push-cross-node", "nothing else to do"),
    "refused: p99 ms",
    150,
  ),
  most(
    operation(
      "the first verdict of a new process, 10,000 notices, pulled",
      "verifier-start-10000",
      "Hallpass pull: first of a new process",
    ),
    "p95 ms",
    50,
  ),
  most(
    operation("p99 with 1,000,000 sessions on SQLite, beside 10,000", "sizes-sqlite", ...atSize("1,000,000")),
    "p99 × the fewest",
    1.5,
  ),
  most(
    operation("p99 with 10,000,000 sessions on SQLite, beside 10,000", "sizes-sqlite", ...atSize("10,000,000")),
    "p99 × the fewest",
    1.5,
  ),
  most(
    operation("p99 with 1,000,000 sessions on PostgreSQL, beside 10,000", "sizes-postgres", ...atSize("1,000,000")),
    "p99 × the fewest",
    1.5,
  ),
  most(
    operation("the longest refresh beside a sweep, on SQLite", "sweep-sqlite", "beside the sweep"),
    "longest ms",
    100,
  ),
  most(operation("the event loop, 16 connections refresh, SQLite", "turns-sqlite", "16"), "turn p99 ms", 10),
  most(operation("the event loop, 256 connections refresh, SQLite", "turns-sqlite", "256"), "turn p99 ms", 10),
  most(
    operation(
      "turned away at ten times the capacity, where the store is short",
      "overload",
      "a store that takes 500 changes a second; clients that come back at once",
    ),
    "turned away p99 ms",
    20,
  ),
  most(
    operation(
      "the same where the processor is short",
      "overload",
      "the processor; clients that come back at once",
      "the processor; clients that wait as they are told",
    ),
    "turned away p99 ms",
    20,
  ),
  most(
    operation(
      "a session on disk, with its subject and facts, on SQLite",
      "footprint",
      "Hallpass, SQLite, 1,000,000 sessions",
    ),
    "bytes on disk for a session",
    700,
  ),
  most(operation("a live notice in a verifier's memory", "verify-notices", "100,000"), "bytes a notice", 100),
];

function atSize(size: string): readonly string[] {
  return ["open", "refresh", "look up", "revoke"].map((kind) => `${kind}, ${size}`);
}

export interface Judged {
  readonly goal: Goal;
  /** The worst of what counts; undefined where nothing of it is kept. */
  readonly value: number | undefined;
  readonly isMet: boolean;
}

export function judge(goal: Goal, kept: ReadonlyMap<string, Kept>): Judged {
  const { result, rows, bound } = goal;
  const all = kept.get(result)?.rows ?? [];
  const found = all.filter(({ name }) => rows.includes(name));
  const values = found.length < rows.length ? [] : found.flatMap((row) => valuesOf(goal, row, all));
  if (values.length === 0) return { goal, value: undefined, isMet: false };
  const value = "atLeast" in bound ? Math.min(...values) : Math.max(...values);
  return { goal, value, isMet: "atLeast" in bound ? value >= bound.atLeast : value <= bound.atMost };
}

/** Empty where the figure, or the one that it is compared with, was not measured. */
function valuesOf({ figure, beside }: Goal, { figures }: Row, all: readonly Row[]): readonly number[] {
  const mine = figures[figure];
  if (mine === undefined) return [];
  if (beside === undefined) return [mine.median];
  const others = all.filter(({ name }) => (beside === "every peer" ? isPeer(name) : name === beside));
  const theirs = others.map((other): Figure | undefined => other.figures[figure]);
  return theirs.flatMap((their) => (their === undefined ? [] : [timesOf(mine, their)]));
}

function isPeer(name: string): boolean {
  return !name.startsWith("Hallpass") && !name.startsWith("floor");
}

export function boundText({ beside, bound, figure }: Goal): string {
  if ("atMost" in bound) return `${figure} at most ${show(bound.atMost)}`;
  const { atLeast } = bound;
  if (beside === undefined) return `${figure} at least ${show(atLeast)}`;
  if (beside.startsWith("floor")) return `${atLeast} of the floor`;
  return beside === "every peer" ? "ahead of every peer" : `${atLeast} × ${beside}`;
}
