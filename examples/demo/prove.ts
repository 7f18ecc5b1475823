// `node --conditions=hallpass-source examples/demo/prove.ts [options of the demo]`: the demo as a row of docs/proof.md, and once more, small,
// with verifiers that go on accepting when they can't hear, of which claims have to be untrue.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { sayProof } from "../../proof/line.ts";

interface Told {
  readonly signedIn?: { readonly subjects: number };
  readonly receipts?: readonly object[];
  readonly refusedAfterMs?: Readonly<Record<string, { readonly p99: number; readonly max: number }>>;
  readonly claims: readonly { readonly claim: string; readonly holds: boolean }[];
}

const SMALL = ["--subjects", "60", "--revocations", "9", "--rate", "60"];

function told(...options: readonly string[]): Told {
  const main = join(import.meta.dirname, "main.ts");
  const { stdout } = spawnSync(process.execPath, ["--conditions=hallpass-source", main, "--json", ...options], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1e9,
  });
  return JSON.parse(stdout) as Told;
}

console.error("the demo as it is");
const real = told(...process.argv.slice(2));
console.error("the same with verifiers that accept what they can't know");
const control = told(...SMALL, "--on-stale", "accept");
const untrue = (one: Told): readonly string[] => one.claims.flatMap(({ claim, holds }) => (holds ? [] : [claim]));
for (const claim of untrue(real)) console.log(`not true: ${claim}`);
const slowest = Math.max(...Object.values(real.refusedAfterMs ?? {}).map(({ max }) => max));
const spread = Object.entries(real.refusedAfterMs ?? {}).map(([name, { p99 }]) => `${name} p99 ${p99.toFixed(1)} ms`);
sayProof({
  id: "demo",
  promise: "P2 P11",
  figure: `${real.claims.length - untrue(real).length} of ${real.claims.length} claims are true; from a revocation's answer to the first refusal: ${spread.join(", ")}, slowest ${slowest.toFixed(1)} ms`,
  control: `with verifiers that go on accepting, ${untrue(control).length} claims are not true`,
  seeds: "none",
  notShown: ["verifiers on machines of their own"],
  passed: real.claims.length > 0 && untrue(real).length === 0 && untrue(control).length > 0,
});
