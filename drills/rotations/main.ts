// `node --conditions=hallpass-source drills/rotations/main.ts [--rotations 100] [--verifiers 3] [--sessions 8] [--without-overlap]`
// Rotates the signing key again and again while tokens are refreshed and verified. Exits with 1 if a token that had not
// expired was refused: with `--without-overlap`, where each key goes as soon as it is retired, it has to. Without it three rotations of that
// kind follow as the control.

import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { wholeNumber } from "../whole-number.ts";
import { rotateUnderLoad } from "./rotate-under-load.ts";

const CONTROL_ROTATIONS = 3;

const { values } = parseArgs({
  options: {
    rotations: { type: "string", default: "100" },
    verifiers: { type: "string", default: "3" },
    sessions: { type: "string", default: "8" },
    "without-overlap": { type: "boolean", default: false },
  },
});

const sizes = {
  rotations: wholeNumber(values.rotations),
  verifiers: wholeNumber(values.verifiers),
  sessions: wholeNumber(values.sessions),
};
const withoutOverlap = values["without-overlap"];
const result = await rotateUnderLoad({ ...sizes, withoutOverlap });
const { rotations, removed, tokens, accepted, refused, unavailable, seconds } = result;
console.log(`${rotations} rotations in ${seconds.toFixed(1)} s, ${removed} retired keys removed meanwhile`);
console.log(`${tokens} tokens issued, ${accepted} verdicts accepted, ${unavailable} unavailable`);
console.log(`${refused} false rejections${refused === 0 ? "" : `: ${[...result.codes].join(", ")}`}`);
if (withoutOverlap) process.exitCode = refused > 0 ? 1 : 0;
else {
  const control = await rotateUnderLoad({ ...sizes, rotations: CONTROL_ROTATIONS, withoutOverlap: true });
  sayProof({
    id: "rotations",
    promise: "P9",
    figure: `${rotations} rotations under load: ${refused} of ${accepted + refused} verdicts on ${tokens} live tokens were rejections`,
    control: `with keys that go as soon as they are retired, ${CONTROL_ROTATIONS} rotations: ${control.refused} rejections`,
    seeds: "none",
    notShown: ["verifiers that cache a JWKS longer than they are told"],
    passed: refused === 0 && accepted > 0 && control.refused > 0,
  });
}
