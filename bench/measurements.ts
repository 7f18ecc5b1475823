// Everything that can be measured, by the name that `npm run bench -- --only` takes.

import { OPERATIONS, TITLES } from "./token/operations.ts";

export interface Measurement {
  readonly about: string;
  /** From this folder on. */
  readonly program: string;
  readonly args: readonly string[];
  /** What may be given besides `--quick`; each takes a value. Any other is refused. */
  readonly flags: readonly string[];
  /** What `--quick` chooses where the flag is not given; null for a program that is as long as it is. */
  readonly quick: Readonly<Record<string, Chosen>> | null;
  /** False for what is measured only when it is asked for by name. */
  readonly always: boolean;
}

export interface Chosen {
  readonly value: string;
  /** Of what is measured otherwise, and what the results don't name themselves. */
  readonly leavesOut: readonly string[];
}

const REQUEST_FLAGS = ["rounds", "seconds", "connections", "requests", "contenders"];
/** Of each kind of contender the one that is the most to measure oneself by. */
const QUICK_CONTENDERS =
  "memory,redis,express,fastify,better-auth-cache,fastify-jwt-cache,bare,floor,sqlite,postgres,verifier,verifier-fastify";
function request(name: string): Measurement {
  return {
    about: TITLES[name] ?? name,
    program: "token/main.ts",
    args: ["--only", name],
    flags: REQUEST_FLAGS,
    quick: { contenders: { value: QUICK_CONTENDERS, leavesOut: [] } },
    always: true,
  };
}

const WITH_NOTICES: Measurement = {
  about: "a refresh and a protected route while 0, 1,000 and 100,000 notices live",
  program: "token/main.ts",
  args: [
    "--only",
    "refresh,route",
    "--contenders",
    "sqlite@0,sqlite@1000,sqlite@100000,verifier@0,verifier@1000,verifier@100000",
    "--prefix",
    "notices-",
  ],
  flags: REQUEST_FLAGS.filter((flag) => flag !== "contenders"),
  quick: {
    contenders: { value: "sqlite@0,sqlite@100000,verifier@0,verifier@100000", leavesOut: ["1,000 notices"] },
  },
  always: true,
};

function program(
  name: string,
  about: string,
  flags: readonly string[],
  { always, quick = {} }: { readonly always: boolean; readonly quick?: Measurement["quick"] },
): Measurement {
  return { about, program: name, args: [], flags, quick, always };
}

const [LISTED, BY_NAME] = [{ always: true }, { always: false }];

export const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  ...Object.fromEntries(Object.keys(OPERATIONS).map((name) => [name, request(name)])),
  notices: WITH_NOTICES,
  sign: program("floors/sign.ts", "an access token is signed", ["rounds"], LISTED),
  write: program("floors/write.ts", "a durable change of one row", ["at-once", "rounds", "directory"], LISTED),
  verify: program("verify/main.ts", "a verdict, cached and uncached", ["rounds"], LISTED),
  "verify-notices": program(
    "verify/notices.ts",
    "a verdict while few and while many notices live",
    ["notices", "rounds"],
    LISTED,
  ),
  push: program("feed/push.ts", "a revocation reaches 1, 100, 1,000 verifiers", ["connections", "revocations"], LISTED),
  "verifier-start": program(
    "feed/start.ts",
    "a verifier starts while 100,000 notices live",
    ["notices", "feed", "starts", "processes"],
    LISTED,
  ),
  "server-start": program(
    "growth/start.ts",
    "a node starts, and what a million sessions take on disk and in memory",
    ["stores", "sizes", "starts", "asked"],
    { always: true, quick: { sizes: { value: "20000", leavesOut: ["an empty store", "a million sessions"] } } },
  ),
  sizes: program("growth/sizes.ts", "requests at 10,000 to 10,000,000 sessions", ["store", "sizes", "rounds"], {
    always: true,
    quick: { sizes: { value: "2000,20000", leavesOut: ["more than 20,000 sessions"] } },
  }),
  "push-cross-node": program(
    "feed/cross-node.ts",
    "a revocation reaches verifiers at another node (PostgreSQL)",
    ["revocations", "verifiers", "clients"],
    BY_NAME,
  ),
  session: program("session/main.ts", "a request with a session's cookie, in one process", ["rounds"], BY_NAME),
  store: program(
    "store/rotate.ts",
    "rotations, reads and bytes of the SQLite store",
    ["sessions", "directory"],
    BY_NAME,
  ),
  sweep: program(
    "growth/sweep.ts",
    "a refresh while ended sessions are swept",
    ["store", "sessions", "swept", "seed"],
    BY_NAME,
  ),
  restore: program("growth/restore.ts", "backup and restore", ["store", "sessions", "revoked"], BY_NAME),
  turns: program(
    "token/turns.ts",
    "how long a turn of the server's event loop takes while clients refresh",
    ["connections", "rounds", "seconds", "store"],
    BY_NAME,
  ),
  overload: program(
    "../drills/overload/main.ts",
    "ten times what a node can do, offered by clients that wait and by clients that don't",
    ["connections", "seconds", "times", "stampede", "changes"],
    { always: false, quick: null },
  ),
  "revoke-query": program(
    "revocation/query.ts",
    "a revocation by query over many sessions, and who refreshes meanwhile",
    ["sessions", "meant", "rounds"],
    BY_NAME,
  ),
};
