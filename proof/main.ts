// `npm run proof -- [--size quick|ci|full] [--only id,id]`: runs the experiments one after the other, keeps what each said in
// proof/results/, and prints docs/proof.md and its plots from all that is kept. With `--piece=FLAGS` the one that is named is run with these flags
// and kept as a piece of a larger run. With `--print` nothing is run; with `--check` nothing is run or written, and a stale page fails. Exits
// with 1 if an experiment did not pass.

import { parseArgs } from "node:util";
import { staleOf, writePages } from "../scripts/printed-pages.ts";
import { EXPERIMENTS, SIZES } from "./experiments.ts";
import { allKept, allPieces, keep, keepPiece } from "./kept.ts";
import { pagesOf } from "./pages.ts";
import { run, runPiece } from "./run.ts";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "quick" },
    only: { type: "string", multiple: true, default: [] },
    piece: { type: "string" },
    print: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
  },
});
const size = SIZES.find((one) => one === values.size);
if (size === undefined) throw new Error(`"${values.size}" is none of ${SIZES.join(", ")}`);
const wanted = new Set(values.only.flatMap((text) => text.split(",")));
for (const id of wanted) {
  if (!EXPERIMENTS.some((one) => one.id === id))
    throw new Error(`"${id}" is no experiment; there are ${EXPERIMENTS.map((one) => one.id).join(", ")}`);
}

if (values.check) {
  for (const stale of staleOf("proof", pagesOf(allKept(), allPieces()))) {
    console.error(`${stale}: run \`npm run proof -- --print\` and commit it`);
    process.exitCode = 1;
  }
} else if (values.piece !== undefined) {
  const experiment = EXPERIMENTS.find(({ id }) => wanted.has(id));
  if (experiment === undefined || wanted.size > 1) throw new Error("a piece is one of one experiment: --only id");
  const piece = await runPiece(experiment, values.piece);
  keepPiece(piece);
  writePages("proof", pagesOf(allKept(), allPieces()));
  console.error(`== ${piece.line.passed ? "passed" : "FAILED"} in ${piece.seconds} s: ${piece.line.figure}`);
  if (!piece.line.passed) process.exitCode = 1;
} else {
  const chosen = values.print ? [] : EXPERIMENTS.filter(({ id }) => wanted.size === 0 || wanted.has(id));
  const failed: string[] = [];
  for (const [n, experiment] of chosen.entries()) {
    console.error(`== ${n + 1} of ${chosen.length}: ${experiment.id} (${size}), ${experiment.title}`);
    const kept = await run(experiment, size);
    if (!kept.line.passed) failed.push(experiment.id);
    const isNew = keep(kept);
    writePages("proof", pagesOf(allKept(), allPieces()));
    console.error(`== ${kept.line.passed ? "passed" : "FAILED"} in ${kept.seconds} s: ${kept.line.figure}`);
    if (!isNew) console.error("== what is kept is of a larger size, and stays");
  }
  if (values.print) writePages("proof", pagesOf(allKept(), allPieces()));
  if (chosen.length > 0) console.error(`${chosen.length - failed.length} of ${chosen.length} passed`);
  if (failed.length > 0) {
    console.error(`FAILED: ${failed.join(", ")}`);
    process.exitCode = 1;
  }
}
