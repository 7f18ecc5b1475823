// What a verdict costs while few notices live and while many do, in one process and in turn; and what they take of memory.
//   npm run bench -- --only verify-notices [--notices 0,1000,100000] [--rounds 15] [--quick] [--pictures DIRECTORY]

import { parseArgs } from "node:util";
import type { Verifier } from "@hallpass/verifier";
import { svgOf } from "../../scripts/plot.ts";
import { draw, median, printTable, spread } from "../measured.ts";
import { alternate, type Contender, ratio } from "../rounds.ts";
import { newHeader, tokensOf, verifierWith } from "./stage.ts";

const { values } = parseArgs({
  options: {
    notices: { type: "string", default: "0,1000,100000" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    pictures: { type: "string" },
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
printTable(
  ["live notices", "remembered, per CPU-second", "×", "fresh, per CPU-second", "×", "table kB", "bytes a notice"],
  verifiers.map((verifier, index) => {
    const { tableBytes, trackedNotices } = verifier.metrics();
    const [one, two] = [remembered[index], fresh[index]];
    return [
      sizes[index] ?? 0,
      spread(one?.rates ?? []),
      ratio(one, remembered[0]).toFixed(2),
      spread(two?.rates ?? []),
      ratio(two, fresh[0]).toFixed(2),
      (tableBytes / 1000).toFixed(0),
      trackedNotices === 0 ? "–" : (tableBytes / trackedNotices).toFixed(1),
    ];
  }),
);
const points = (of: typeof fresh): (readonly [number, number])[] =>
  // A logarithmic axis has no 0.
  of.map(({ rates }, index) => [Math.max(1, sizes[index] ?? 0), 1e6 / median(rates)]);
draw(
  values.pictures,
  "verify-notices",
  svgOf({
    title: "a verdict while notices live",
    x: { name: "live notices (1 stands for none)", scale: "log" },
    y: { name: "µs of CPU for a verdict", scale: "log" },
    series: [
      { name: "a token seen before", points: points(remembered) },
      { name: "a token never seen", points: points(fresh) },
    ],
  }),
);
for (const verifier of verifiers) verifier.close();
