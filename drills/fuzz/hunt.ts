// One parser, so many cases: what is thrown, what is slow, what is read otherwise when it is written again.

import { isDeepStrictEqual } from "node:util";
import { mutated } from "./mutate.ts";
import { Random } from "./random.ts";
import type { Target } from "./target.ts";

export interface Finding {
  readonly target: string;
  readonly what: string;
  readonly input: string;
}

export interface Hunted {
  readonly cases: number;
  readonly accepted: number;
  readonly finding: Finding | undefined;
  readonly slowestMs: number;
}

/** Ten thousand times what a case takes; on a machine that stands still a case is tried again before it is called slow. */
const MOST_MS = 250;
const TRIES = 3;
/** Texts that were accepted are mutated further; as many are kept. */
const KEPT = 512;

export function hunt(target: Target, cases: number, seed: number, progress: (done: number) => void = () => {}): Hunted {
  const random = new Random(seed);
  const kept = [...target.seeds];
  if (kept.length === 0) throw new Error(`${target.name} has no seed`);
  let accepted = 0;
  let slowestMs = 0;
  for (let done = 0; done < cases; done += 1) {
    // The seeds themselves come first: one that is refused would be a dead end.
    const input = done < target.seeds.length ? (target.seeds[done] ?? "") : next(random, target, random.oneOf(kept));
    const judged = judge(target, input);
    slowestMs = Math.max(slowestMs, judged.ms);
    if (judged.what !== undefined) {
      const finding = { target: target.name, what: judged.what, input };
      return { cases: done + 1, accepted, finding, slowestMs };
    }
    if (!judged.accepted && done < target.seeds.length)
      return {
        cases: done + 1,
        accepted,
        finding: { target: target.name, what: "a seed is refused", input },
        slowestMs,
      };
    if (judged.accepted) {
      accepted += 1;
      if (input.length < 20_000) kept[kept.length < KEPT ? kept.length : random.below(KEPT)] = input;
    }
    if (done % 50_000 === 49_999) progress(done + 1);
  }
  return { cases, accepted, finding: undefined, slowestMs };
}

function next(random: Random, target: Target, text: string): string {
  if (target.reshaped === undefined || random.below(2) === 0) return mutated(random, text, target.words);
  const reshaped = target.reshaped(random, text);
  return random.below(4) === 0 ? mutated(random, reshaped, target.words) : reshaped;
}

function judge(
  target: Target,
  input: string,
): { readonly accepted: boolean; readonly ms: number; readonly what?: string } {
  let ms = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && ms > MOST_MS; tries += 1) {
    const begun = performance.now();
    try {
      const read = target.read(input);
      ms = Math.min(ms, performance.now() - begun);
      if (ms > MOST_MS) continue;
      if (read === undefined) return { accepted: false, ms };
      const wrong = readOtherwise(target, input, read);
      return wrong === undefined ? { accepted: true, ms } : { accepted: true, ms, what: wrong };
    } catch (thrown) {
      return { accepted: false, ms: 0, what: `it threw ${String(thrown)}` };
    }
  }
  return { accepted: false, ms, what: `it took ${Math.round(ms)} ms, ${TRIES} times` };
}

/** A format with one spelling is written as it was read; of one with several the written text is read as the same. */
function readOtherwise(
  target: Target,
  input: string,
  { written, reads }: NonNullable<ReturnType<Target["read"]>>,
): string | undefined {
  if (reads === undefined)
    return written === input ? undefined : `it has a second spelling: ${JSON.stringify(written)}`;
  const again = target.read(written);
  if (again === undefined) return `what was read is refused when it is written: ${JSON.stringify(written)}`;
  // As JSON too, where 0 and -0 are one number.
  return isDeepStrictEqual(again.reads, reads) || JSON.stringify(again.reads) === JSON.stringify(reads)
    ? undefined
    : `it is read otherwise when it is written: ${JSON.stringify(written)}`;
}
