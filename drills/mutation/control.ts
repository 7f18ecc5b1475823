// What the figures are worth: mutants of which it is known what a test must notice. A suite that looks has to kill all but one of them,
// which is equivalent, and a suite that asserts nothing has to kill none.

import { coverageOf } from "./coverage.ts";
import { createJudge, type Verdict } from "./judge.ts";
import { type Mutant, mutatedOf } from "./mutants.ts";

const SOURCE = "drills/mutation/planted/attempts.ts";
/** Where both are equal, either is the later: no test can tell. */
const EQUIVALENT = "one >= other";

export interface Control {
  readonly said: string;
  readonly held: boolean;
}

export async function control(): Promise<Control> {
  const looks = await fates("looks");
  const asserts = await fates("asserts-nothing");
  const lived = looks.filter(({ verdict }) => verdict.fate === "survived").map(({ mutant }) => mutant.replacement);
  const forEver = looks.filter(({ verdict }) => verdict.fate === "timed out").length;
  const noticed = looks.filter(({ verdict }) => verdict.fate === "killed").length;
  const byNobody = asserts.filter(({ verdict }) => verdict.fate === "killed").length;
  const all = looks.length;
  return {
    said: `of ${all} planted mutants tests that look killed ${noticed}, ended ${forEver} that ran for ever, and left ${lived.join(", ") || "none"}, which is equivalent; tests that assert nothing killed ${byNobody}`,
    held: lived.join() === EQUIVALENT && forEver > 0 && noticed + forEver + 1 === all && byNobody === 0,
  };
}

async function fates(tests: string): Promise<readonly { readonly mutant: Mutant; readonly verdict: Verdict }[]> {
  const mutated = await mutatedOf({
    name: "planted",
    part: tests,
    sources: [SOURCE],
    tests: [`drills/mutation/planted/${tests}.ts`],
  });
  const judge = createJudge(mutated, await coverageOf(mutated));
  const found: { mutant: Mutant; verdict: Verdict }[] = [];
  for (const mutant of mutated.mutants) found.push({ mutant, verdict: await judge.verdictOn(mutant) });
  judge.end();
  return found;
}
