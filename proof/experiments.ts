// The experiments: each is a program that breaks something on purpose, takes its size by flags, and says last what came of it
// (line.ts). To add one: a row here, and `sayProof` at its end.

import type { Promised } from "./line.ts";

/** From the smallest; a success of a smaller size does not replace one of a larger. */
export const SIZES = ["quick", "ci", "full"] as const;
export type Size = (typeof SIZES)[number];

export interface Experiment {
  /** Lower-case letters, digits and hyphens. */
  readonly id: string;
  readonly title: string;
  /** One of PROMISES, or several with spaces between them; as its line says. */
  readonly promise: string;
  readonly program: string;
  /** Its flags, separated by spaces. Quick: as little as shows anything. Ci: as its step in .ci/run, if it has one. Full: as large as is claimed. */
  readonly sizes: Readonly<Record<Size, string>>;
  /** The full size in what its lines count: pieces that add up to it have reached it. */
  readonly whole?: Readonly<Record<string, number>>;
}

export const SAYS: Readonly<Record<Promised, string>> = {
  P1: "Durable: what was answered with success survives a kill, and a power cut where the store says so",
  P2: "Bounded: no verifier accepts a revoked token later than its M after the acknowledgement; no receipt claims it earlier than true",
  P3: "Strict: nothing is accepted outside its signature, issuer, audience, type, time, binding or tenant",
  P4: "One successor: a refresh generation has at most one live child, however many race",
  P5: "Reuse is found, at any age, on any node, after any restart",
  P6: "Nobody is logged out by us: lost answers, tabs, restarts, upgrades and rotations end no session",
  P7: "One-time is one-time, per type and tenant",
  P8: "Never wider: scope, audience, lifetime, binding and tenant only narrow",
  P9: "Keys: every unexpired token verifies through a rotation; a compromised key is refused as fast as a revocation",
  P10: "Honest failure: unknown is a 503 that can be tried again, never 401 and never a success",
  P11: "Verifying goes on without the server, until M",
  P12: "No secret leaves",
};

/** What no experiment here can show. */
export const NOT_SHOWN: readonly string[] = [
  "Real power loss, and disks that lie about what they have flushed: all runs are on one machine that stays on; a power cut is a model of what a disk may keep.",
  "Clocks of several machines: all processes share one; that clocks jump and drift is simulated or preloaded.",
  "Real network hardware: faults are put between processes on the loopback interface.",
  "Time beyond the run: a figure of 0 says that nothing was found in so many tries, with a control that was.",
];

export const EXPERIMENTS: readonly Experiment[] = [
  {
    id: "simulation",
    title: "three nodes, verifiers and clients in a world of faults, by seeds",
    promise: "P1 P2 P3 P4 P5 P6 P8 P9 P10",
    program: "drills/simulation/prove.ts",
    sizes: {
      quick: "--seeds 1..100 --whole 1..4 --workers 2",
      ci: "--seeds 1..2000 --whole 1..60 --workers 2",
      full: "--seeds 1..20000 --whole 1..1000 --workers 2",
    },
    whole: { "seeds of the small world": 20_000, "seeds of the whole world": 1000 },
  },
  {
    id: "models",
    title: "four models in Promela, every order of every step, and mutated twins",
    promise: "P1 P2 P4 P5 P6 P9",
    program: "models/main.ts",
    sizes: { quick: "", ci: "", full: "" },
  },
  {
    id: "kill-sqlite",
    title: "a server on SQLite is killed with SIGKILL under load, again and again",
    promise: "P1 P6",
    program: "drills/kill/main.ts",
    sizes: {
      quick: "--store sqlite --kills 5",
      ci: "--store sqlite --kills 8",
      full: "--store sqlite --kills 300 --acknowledged 100000 --within-ms 3000 --clients 16 --turns 4",
    },
    whole: { kills: 300, "revocations and rotations acknowledged": 100_000 },
  },
  {
    id: "kill-postgres",
    title: "a server on PostgreSQL, and PostgreSQL itself, are killed in turns",
    promise: "P1 P6",
    program: "drills/kill/main.ts",
    sizes: {
      quick: "--store postgres --kills 6",
      ci: "--store postgres --kills 6",
      full: "--store postgres --kills 300 --acknowledged 100000 --within-ms 3000 --clients 16 --turns 4",
    },
    whole: { kills: 300, "revocations and rotations acknowledged": 100_000 },
  },
  {
    id: "races",
    title:
      "64 requests at once, from several processes, with one refresh token, idempotency key, assertion, session to replace, or limit",
    promise: "P4 P6 P7",
    program: "drills/races/main.ts",
    sizes: {
      quick: "--families 5 --objects 1",
      ci: "--families 20 --objects 2",
      full: "--families 5400 --objects 220",
    },
    whole: {
      "families on memory": 5000,
      "families on sqlite": 5000,
      "families on postgres": 5000,
      "other prizes": 3000,
    },
  },
  {
    id: "failover",
    title: "a primary dies under load, with a synchronous and an asynchronous standby",
    promise: "P1 P6 P10",
    program: "drills/failover/main.ts",
    sizes: { quick: "", ci: "", full: "--sessions 24 --load-ms 10000" },
  },
  {
    id: "deposed",
    title: "a primary that was deposed and does not know it",
    promise: "P2 P10",
    program: "drills/failover/deposed.ts",
    sizes: { quick: "", ci: "", full: "" },
  },
  {
    id: "paused",
    title: "verifiers that stop, nodes that die or stand still",
    promise: "P2",
    program: "drills/paused/main.ts",
    sizes: { quick: "--revocations 10", ci: "--revocations 30", full: "--revocations 200" },
  },
  {
    id: "bounded",
    title: "what verifiers accept while lines, processes and clocks fail, asked every 10 ms",
    promise: "P2",
    program: "drills/bounded/main.ts",
    sizes: { quick: "--schedules 40 --store sqlite", ci: "--schedules 64", full: "--schedules 2000" },
    whole: { schedules: 2000 },
  },
  {
    id: "clock",
    title: "wall clocks of a server, a node, a database and a verifier that are wrong, and right again",
    promise: "P2 P5 P6",
    program: "drills/clock/main.ts",
    sizes: { quick: "", ci: "", full: "--shifts all" },
  },
  {
    id: "leader",
    title: "a leader that was paused at its commit",
    promise: "P9",
    program: "drills/leader/main.ts",
    sizes: { quick: "", ci: "", full: "" },
  },
  {
    id: "workers",
    title: "workers behind one port: one is killed, all drain",
    promise: "P6",
    program: "drills/workers/main.ts",
    sizes: {
      quick: "--sessions 40 --seconds 9",
      ci: "--sessions 40 --seconds 9",
      full: "--sessions 100 --seconds 30",
    },
  },
  {
    id: "rolling-upgrade",
    title: "an upgrade from the previous release, node by node, and back",
    promise: "P6 P9",
    program: "drills/rolling-upgrade/main.ts",
    sizes: {
      quick: "--sessions 50 --every 1500 --rest 400",
      ci: "--sessions 150 --every 1500 --rest 400",
      full: "--sessions 1000 --every 10000 --rest 5000",
    },
  },
  {
    id: "disk",
    title: "a disk that is full, and one that fails",
    promise: "P1 P6 P10",
    program: "drills/disk/main.ts",
    sizes: { quick: "", ci: "", full: "--clients 8 --victims 2000 --ms 6000" },
  },
  {
    id: "power-loss",
    title: "a server on SQLite whose power is cut, by a model of what a disk may keep",
    promise: "P1",
    program: "drills/power-loss/main.ts",
    sizes: { quick: "--cuts 100", ci: "--cuts 200", full: "--cuts 5000" },
    whole: { "power cuts": 5000 },
  },
  {
    id: "slow-database",
    title: "a database that is slow, silent, cut off, restarted, locked or full",
    promise: "P1 P6 P10",
    program: "drills/slow-database/main.ts",
    sizes: { quick: "", ci: "", full: "--clients 96" },
  },
  {
    id: "restore",
    title: "a lost store comes back without what was revoked",
    promise: "P1 P2",
    program: "drills/restore/main.ts",
    sizes: {
      quick: "--store sqlite --way journal --way neither --sessions 10",
      ci: "--store sqlite --way journal --way neither --sessions 10",
      full: "--sessions 50",
    },
  },
  {
    id: "overload",
    title: "ten times the capacity, beside revocations; then a stampede",
    promise: "P6 P10",
    program: "drills/overload/main.ts",
    sizes: { quick: "--seconds 2", ci: "--seconds 2", full: "--seconds 20 --stampede 2000" },
  },
  {
    id: "stampede",
    title: "everybody refreshes at once after an outage, behind a gateway",
    promise: "P2 P6 P10",
    program: "drills/stampede/main.ts",
    sizes: { quick: "--clients 2000", ci: "--clients 5000", full: "--clients 50000" },
  },
  {
    id: "soak",
    title: "a day's work in minutes: what a server holds may not grow",
    promise: "P6 P9 P10",
    program: "drills/soak/main.ts",
    sizes: { quick: "", ci: "", full: "--seconds 420 --people 3" },
  },
  {
    id: "storm",
    title: "the node of many verifiers is killed, and a fleet that stays connected",
    promise: "P2 P6",
    program: "drills/storm/main.ts",
    sizes: {
      quick: "--verifiers 300 --connected 200 --revocations 20",
      ci: "--verifiers 1000 --revocations 30",
      full: "--verifiers 10000 --revocations 100",
    },
  },
  {
    id: "slow",
    title: "clients that are slow on purpose",
    promise: "P6 P10",
    program: "drills/slow/main.ts",
    sizes: { quick: "", ci: "", full: "" },
  },
  {
    id: "slowhttptest",
    title: "somebody else's slow clients, in three modes",
    promise: "P10",
    program: "drills/slow/slowhttptest.ts",
    sizes: { quick: "--connections 500 --seconds 10", ci: "--connections 500 --seconds 10", full: "--seconds 60" },
  },
  {
    id: "hostile",
    title: "requests that cost as much as they can, and a server with few descriptors and little memory",
    promise: "P6 P10",
    program: "drills/hostile/main.ts",
    sizes: { quick: "", ci: "", full: "--seconds 60" },
  },
  {
    id: "rotations",
    title: "the signing key is rotated again and again under load",
    promise: "P9",
    program: "drills/rotations/main.ts",
    sizes: { quick: "--rotations 5", ci: "--rotations 5", full: "--rotations 100" },
  },
  {
    id: "fuzz",
    title: "texts beside those that each parser accepts, by the structure of its format",
    promise: "P3 P10",
    program: "drills/fuzz/main.ts",
    sizes: { quick: "--cases 30000", ci: "--cases 30000", full: "--cases 460000" },
  },
  {
    id: "differential",
    title: "tokens, read by our strict parser, by jose and by jwcrypto",
    promise: "P3",
    program: "drills/differential/main.ts",
    sizes: { quick: "", ci: "", full: "--tokens 100000" },
  },
  {
    id: "mutation",
    title:
      "the sources of protocol, verifier and core, changed in thousands of small ways that their tests have to notice",
    promise: "P2 P3 P4 P5 P7 P8",
    program: "drills/mutation/main.ts",
    sizes: {
      quick:
        "--files compact-jws,protocol/src/refresh-token,protocol/src/scope,verifier/src/decision,verifier/src/judge.ts,verifier/src/lease,core/src/sessions/,core/src/tokens/ --sample 40 --least 80",
      ci: "--files compact-jws,protocol/src/refresh-token,protocol/src/scope,verifier/src/decision,verifier/src/judge.ts,verifier/src/lease,core/src/sessions/,core/src/tokens/ --sample 40 --least 80",
      full: "",
    },
  },
  {
    id: "sql-mutation",
    title: "the statements of both stores, changed in hundreds of small ways that a store's contract has to notice",
    promise: "P1 P2 P4 P7",
    program: "drills/mutation/sql/main.ts",
    sizes: {
      quick: "--store sqlite --files read-statements,change-writer --sample 12 --least 80",
      ci: "--store sqlite --files read-statements,change-writer --sample 12 --least 80",
      full: "",
    },
  },
  {
    id: "timing",
    title: "a client that does not exist beside a wrong secret, by the time that each takes",
    promise: "P3",
    program: "drills/timing/main.ts",
    sizes: { quick: "--samples 3000 --rounds 3", ci: "--samples 3000 --rounds 5", full: "--samples 20000 --rounds 10" },
  },
  {
    id: "canaries",
    title: "secrets, looked for wherever they must not be",
    promise: "P12",
    program: "drills/canaries/main.ts",
    sizes: { quick: "", ci: "", full: "" },
  },
  {
    id: "permissions",
    title: "a server that may do no more than it needs, under the permission model of Node",
    promise: "P12",
    program: "drills/permissions/main.ts",
    sizes: { quick: "", ci: "", full: "" },
  },
  {
    id: "demo",
    title: "revocations before three verifiers, two of which can't hear",
    promise: "P2 P11",
    program: "examples/demo/prove.ts",
    sizes: { quick: "", ci: "", full: "--subjects 5000 --revocations 1500" },
  },
];

/** `flags`: separated by spaces. */
export function argumentsOf({ program }: Experiment, flags: string): readonly string[] {
  return [program, ...flags.split(" ").filter((word) => word !== "")];
}

export function commandOf(experiment: Experiment, flags: string): string {
  return ["node --conditions=hallpass-source", ...argumentsOf(experiment, flags)].join(" ");
}
