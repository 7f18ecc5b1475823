// `node --conditions=hallpass-source drills/rotations/main.ts [--rotations 100] [--verifiers 3] [--sessions 8] [--without-overlap]`
// Rotates the signing key again and again while tokens are refreshed and verified. Exits with 1 if a token that had not
// expired was refused: with `--without-overlap`, where each key goes as soon as it is retired, it has to.

import { parseArgs } from "node:util";
import { rotateUnderLoad } from "./rotate-under-load.ts";

const { values } = parseArgs({
  options: {
    rotations: { type: "string", default: "100" },
    verifiers: { type: "string", default: "3" },
    sessions: { type: "string", default: "8" },
    "without-overlap": { type: "boolean", default: false },
  },
});

const result = await rotateUnderLoad({
  rotations: wholeNumber(values.rotations),
  verifiers: wholeNumber(values.verifiers),
  sessions: wholeNumber(values.sessions),
  withoutOverlap: values["without-overlap"],
});
const { rotations, removed, tokens, accepted, refused, unavailable, seconds } = result;
console.log(`${rotations} rotations in ${seconds.toFixed(1)} s, ${removed} retired keys removed meanwhile`);
console.log(`${tokens} tokens issued, ${accepted} verdicts accepted, ${unavailable} unavailable`);
console.log(`${refused} false rejections${refused === 0 ? "" : `: ${[...result.codes].join(", ")}`}`);
if (refused > 0) process.exitCode = 1;

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`${text} is no whole number from 1 to 999999`);
  return Number(text);
}
