// The arrows of the tree, as data. An import between packages that is not in this table fails the check.
// Change a row only with a reason that the whole project would accept; the test beside it has no exceptions.

export interface PackageRule {
  readonly folder: string;
  /** Packages its source may import, also by type. */
  readonly knows: readonly string[];
  /** Packages that only its tests may import besides. */
  readonly testsKnow: readonly string[];
  /** What it may import at run time from outside the project: a list, or anything its package.json declares. */
  readonly outside: readonly string[] | "declared";
  /** Packages that only these files may import. */
  readonly only?: { readonly files: readonly string[]; readonly knows: readonly string[] };
}

export const arrows: readonly PackageRule[] = [
  { folder: "packages/protocol", knows: [], testsKnow: [], outside: [] },
  {
    folder: "packages/core",
    knows: ["protocol"],
    testsKnow: ["store-memory", "store-contract"],
    outside: ["node:crypto"],
  },
  {
    folder: "packages/store-contract",
    knows: ["core", "protocol"],
    testsKnow: ["store-memory"],
    outside: "declared",
  },
  {
    folder: "packages/store-memory",
    knows: ["core", "protocol"],
    testsKnow: ["store-contract"],
    outside: "declared",
  },
  {
    folder: "packages/store-sqlite",
    knows: ["core", "protocol"],
    testsKnow: ["store-contract"],
    outside: "declared",
  },
  {
    folder: "packages/store-postgres",
    knows: ["core", "protocol"],
    testsKnow: ["store-contract"],
    outside: "declared",
  },
  {
    folder: "packages/server",
    knows: ["core", "protocol"],
    testsKnow: ["store-memory", "store-sqlite", "store-postgres", "store-contract", "verifier"],
    outside: "declared",
    only: {
      files: [
        "packages/server/src/main.ts",
        "packages/server/src/host/choose-store.ts",
        "packages/server/src/host/postgres-address.ts",
      ],
      knows: ["store-memory", "store-sqlite", "store-postgres"],
    },
  },
  // A resource server must not be able to mint: the verifier knows the words on the wire and nothing else.
  { folder: "packages/verifier", knows: ["protocol"], testsKnow: ["core", "store-memory", "server"], outside: [] },
  // A service gets tokens and judges none.
  {
    folder: "packages/service-client",
    knows: ["protocol"],
    testsKnow: ["core", "server"],
    outside: ["node:fs/promises", "node:path"],
  },
  {
    folder: "apps/cli",
    knows: ["server", "verifier", "protocol"],
    testsKnow: ["store-memory", "store-postgres"],
    outside: "declared",
  },
];

/** Packages whose adapters may name another project's types, as long as nothing is left of them at run time. */
export const mayNameForeignTypes: readonly string[] = ["packages/verifier"];

export const nameless: readonly string[] = ["utils", "helpers", "lib", "common", "types"];

export const longestFile = 400;

/** Folders that run the packages but are none: any package may be imported there. */
export const roots: readonly string[] = [
  "packages",
  "apps",
  "scripts",
  "conformance",
  "drills",
  "bench",
  "examples",
  "models",
  "proof",
];

export interface Ban {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowedIn: readonly string[];
}

const top = [
  "packages/server/src/main.ts",
  "packages/server/src/host/**",
  "packages/verifier/src/runtime.ts",
  "packages/service-client/src/runtime.ts",
  "packages/verifier/src/testing/**",
  "packages/store-postgres/src/testing/**",
  "apps/**",
  "bench/**",
  "drills/**",
  "examples/**",
  "scripts/**",
  "conformance/**",
  "models/**",
  "proof/**",
  "**/*.test.ts",
];
const timersToo = [...top, "packages/store-sqlite/src/**"];

/** Clock, dice and timers are handed in, once, at the top. A port of the same name, reached through a dot, is no ban. */
export const bans: readonly Ban[] = [
  { what: "Date.now", pattern: /\bDate\s*\.\s*now\b/, allowedIn: top },
  {
    what: "new Date()",
    pattern: /\bnew\s+Date\s*(?:\(\s*\)|(?![\w\s(]))|(?<!new\s)(?<![\w.$])Date\s*\(/,
    allowedIn: top,
  },
  { what: "performance.now", pattern: /\bperformance\s*\.\s*(?:now|timeOrigin)\b|\bhrtime\b/, allowedIn: top },
  { what: "Math.random", pattern: /\bMath\s*\.\s*random\b/, allowedIn: top },
  { what: "getRandomValues", pattern: /\bgetRandomValues\b/, allowedIn: top },
  {
    what: "randomBytes",
    pattern:
      /(?:(?<![\w.$])|crypto\s*\.\s*)(?:randomBytes|randomFill|randomFillSync|randomInt|randomUUID|randomUUIDv7)\b(?!\s*[?:])/i,
    allowedIn: top,
  },
  {
    what: "setTimeout",
    pattern:
      /(?:(?<![\w.$])|\b(?:globalThis|timers)\s*\.\s*)(?:setTimeout|setImmediate)\b(?!\s*[?:])|\bAbortSignal\s*\.\s*timeout\b/,
    allowedIn: timersToo,
  },
  {
    what: "setInterval",
    pattern: /(?:(?<![\w.$])|\b(?:globalThis|timers)\s*\.\s*)setInterval\b(?!\s*[?:])/,
    allowedIn: timersToo,
  },
];
