// `judging.ts RECORD honest|lying SEED CUTS PART PARTS SCRATCH`: plays the recording again and cuts the power at its share of the moments.
// Reports as one line of JSON; leaves the images of what it found wrong.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../fuzz/random.ts";
import { type Chance, Disk, type Image } from "./disk.ts";
import { acknowledgedOf, judge } from "./judge.ts";
import { recordingOf } from "./recording.ts";

export interface Judged {
  readonly cuts: number;
  readonly lost: readonly string[];
  readonly damaged: readonly string[];
  /** How many cuts lost what was acknowledged, and how many left something damaged. */
  readonly losing: number;
  readonly damaging: number;
}

const MOST_KEPT = 5;
const SAID_OF_EACH = 3;
const [file = "", kind = "honest", ...rest] = process.argv.slice(2);
const [seed = 1, cuts = 1, part = 0, parts = 1] = rest.map(Number);
const scratch = rest[4] ?? "";

const recording = recordingOf(readFileSync(file));
const firstAcknowledged = recording.findIndex((done) => done.kind === "acknowledged");
const disk = new Disk(kind === "lying" ? "lying" : "honest");
const lines: string[] = [];
const lost: string[] = [];
const damaged: string[] = [];
const sums = { cuts: 0, losing: 0, damaging: 0 };
for (const { number, moment } of moments()) {
  while (disk.number < moment) {
    const done = recording[disk.number];
    if (done === undefined) throw new Error("a cut after the end");
    if (done.kind === "acknowledged") lines.push(done.line);
    disk.do(done);
  }
  const random = new Random(seed * 1_000_003 + number);
  const dice = (): number => random.next() / 2 ** 32;
  const directory = join(scratch, `cut-${number}`);
  write(directory, disk.image(chanceOf(random, moment), dice));
  const found = await judge(directory, acknowledgedOf(lines));
  sums.cuts += 1;
  if (found.lost.length > 0) sums.losing += 1;
  if (found.damaged.length > 0) sums.damaging += 1;
  const where = (text: string): string => `cut ${number}, after ${moment} of ${recording.length}: ${text}`;
  lost.push(...found.lost.slice(0, SAID_OF_EACH).map(where));
  damaged.push(...found.damaged.slice(0, SAID_OF_EACH).map(where));
  const isKept = found.lost.length + found.damaged.length > 0 && sums.losing + sums.damaging <= MOST_KEPT;
  if (!isKept) rmSync(directory, { recursive: true });
  if (sums.cuts % 100 === 0) console.error(`part ${part}: ${sums.cuts} cuts`);
}
console.log(JSON.stringify({ ...sums, lost, damaged } satisfies Judged));

/** Every tenth while the store is made, the others under load; of those a half right before a flush, when most is not safe yet. */
function moments(): readonly { readonly number: number; readonly moment: number }[] {
  const random = new Random(seed);
  const all = Array.from({ length: cuts }, (_, number) => {
    const from = number % 10 === 0 ? 0 : firstAcknowledged;
    const end = number % 10 === 0 ? firstAcknowledged : recording.length;
    let moment = from + random.below(end - from);
    if (number % 2 === 0) while (moment < end && recording[moment]?.kind !== "flushed") moment += 1;
    return { number, moment };
  });
  return all.filter(({ number }) => number % parts === part).toSorted((one, other) => one.moment - other.moment);
}

/** Nothing since, everything, everything up to a moment shortly before, or anything. */
function chanceOf(random: Random, moment: number): Chance {
  switch (random.below(5)) {
    case 0:
      return () => 0;
    case 1:
      return () => 1;
    case 2: {
      const torn = moment - 1 - random.below(40);
      return (number) => (number < torn ? 1 : number === torn ? 0.5 : 0);
    }
    default: {
      const chance = random.oneOf([0.1, 0.5, 0.9]);
      return () => chance;
    }
  }
}

function write(directory: string, image: Image): void {
  mkdirSync(directory);
  for (const [path, content] of image) {
    if (content === undefined) mkdirSync(join(directory, path));
    else writeFileSync(join(directory, path), content);
  }
}
