// What a verdict costs while few notices live and while many do, in one process and in turn; and what they take of memory.
//   npm run bench -- --only verify-notices [--notices 0,1000,100000] [--rounds 15] [--quick]

import { parseArgs } from "node:util";
import type { Verifier } from "@hallpass/verifier";
import { median } from "../measured.ts";
import { sayResult } from "../result.ts";
import { alternate, type Contender } from "../rounds.ts";
import { newHeader, tokensOf, verifierWith } from "./stage.ts";

const { values } = parseArgs({
  options: {
    notices: { type: "string", default: "0,1000,100000" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const sizes = values.notices.split(",").map(Number);
const rounds = Number(values.rounds ?? (values.quick ? 3 : 15));
const REMEMBERED = 200_000;
const FRESH = 500;
const FRESH_WARM_UP = values.quick ? 1000 : 10_000;
/** The verifier remembers 10,000. */
const POOL = 20_000;

const seen = Array.from({ length: 1000 }, newHeader);
const unseen = Array.from({ length: POOL }, newHeader);
const verifiers: Verifier[] = [];
for (const notices of sizes) verifiers.push(await verifierWith(notices));
const judging = (headers: readonly string[]): readonly Contender[] =>
  verifiers.map((verifier, index): Contender => {
    const next = tokensOf(headers);
    return {
      name: String(sizes[index]),
      run: (count) => {
        for (let n = 0; n < count; n += 1)
          if (verifier.judge(next())?.kind !== "accepted") throw new Error("a token was refused");
      },
    };
  });
const remembered = await alternate(judging(seen), rounds, REMEMBERED);
const fresh = await alternate(judging(unseen), rounds * 2, FRESH, FRESH_WARM_UP);
const points = (of: typeof fresh): (readonly [number, number])[] =>
  // A logarithmic axis has no 0.
  of.map(({ rates }, index) => [Math.max(1, sizes[index] ?? 0), 1e6 / median(rates)]);
sayResult({
  id: "verify-notices",
  title: "a verdict while notices live",
  of: "live notices",
  rows: verifiers.map((verifier, index) => {
    const { tableBytes, trackedNotices } = verifier.metrics();
    return {
      name: (sizes[index] ?? 0).toLocaleString("en"),
      figures: {
        "a token seen before, per CPU-second": remembered[index]?.rates ?? [],
        "never seen, per CPU-second": fresh[index]?.rates ?? [],
        "kB of the table": [tableBytes / 1000],
        "bytes a notice": trackedNotices === 0 ? [] : [tableBytes / trackedNotices],
      },
    };
  }),
  compared: { figure: "a token seen before, per CPU-second", with: [(sizes[0] ?? 0).toLocaleString("en")] },
  picture: {
    plot: {
      title: "a verdict while notices live",
      x: { name: "live notices (1 stands for none)", scale: "log" },
      y: { name: "µs of CPU for a verdict", scale: "log" },
      series: [
        { name: "a token seen before", points: points(remembered) },
        { name: "a token never seen", points: points(fresh) },
      ],
    },
  },
});
for (const verifier of verifiers) verifier.close();
