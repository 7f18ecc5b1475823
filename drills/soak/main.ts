// `node --conditions=hallpass-source drills/soak/main.ts [--seconds 20] [--people 12]`
// Lets a server live through so many seconds in which a month's retention takes five seconds (shortened.ts): people sign in, refresh and leave
// in every way, keys are rotated, verifiers come and go, the sweep takes what is over. What a server holds is looked at each second, after
// a collection; from the warm-up on none of it may grow by more than it is allowed to seem to. Exits with 1 if something does, if somebody
// was logged out or anything was answered otherwise than it has to be, if a request costs twice the CPU at the end; and if the same is not
// found of a server that leaks.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { MutatedTree } from "../simulation/mutated-tree.ts";
import { wholeNumber } from "../whole-number.ts";
import { live, type Tally } from "./people.ts";
import type { Look } from "./server.ts";
import { SHORTENED } from "./shortened.ts";

const given = parseArgs({
  options: { seconds: { type: "string", default: "20" }, people: { type: "string", default: "12" } },
}).values;
const [seconds, people] = [wholeNumber(given.seconds), wholeNumber(given.people)];
/** What is remembered fills up, and the platform compiles what is used: the longer one looks, the later one begins to. */
const WARM_SECONDS = Math.max(18, seconds / 2);
/** Of the control: what leaks is found sooner. */
const MOST_LEAKING_SECONDS = 20;
const LEAKING_WARM_SECONDS = 18;
const MOST_DEARER = 2;

type Held = Omit<Look, "cpuMs"> & { readonly fileBytes: number; readonly logBytes: number };
interface Seen extends Look, Held {
  readonly at: number;
  readonly requests: number;
}
/**
 * By how much each may seem to grow over the whole time: what comes and goes, seen at the wrong moments; and of resident memory what the
 * platform keeps without using it. What leaks less than that is not found.
 */
const ALLOWED: Readonly<Record<keyof Held, (usual: number) => number>> = {
  heapBytes: (usual) => Math.max(2e6, usual * 0.05),
  codeBytes: () => 4e6,
  externalBytes: () => 4e6,
  residentBytes: (usual) => Math.max(40e6, usual * 0.2),
  descriptors: () => 12,
  resources: () => 12,
  fileBytes: (usual) => Math.max(1e6, usual * 0.2),
  logBytes: (usual) => Math.max(4e6, usual),
};
const HELD = Object.keys(ALLOWED) as readonly (keyof Held)[];

interface Soaked {
  readonly tally: Tally;
  readonly looks: readonly Seen[];
  /** By how much each grew from the warm-up on, by the slope of a straight line. */
  readonly grew: Readonly<Record<keyof Held, number>>;
  readonly growing: readonly (keyof Held)[];
  /** CPU of a request in the last third over that of the first. */
  readonly dearer: number;
}

async function soak(
  tree: MutatedTree,
  kind: "as it is" | "leaking",
  warming: number,
  lasting: number,
): Promise<Soaked> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-soak-"));
  const port = await freePort();
  const program = join(tree.at, "drills/soak/server.ts");
  const args = ["--conditions=hallpass-source", program, String(port), data, ...(kind === "leaking" ? [kind] : [])];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const kill = (): void => void server.kill("SIGKILL");
  process.once("exit", kill);
  try {
    await once(server, "message");
    const read = (file: string): string => readFileSync(join(data, file), "utf8").trim();
    const place = {
      url: `http://127.0.0.1:${port}`,
      operator: read("operator-credentials"),
      api: read("demo-api-credentials"),
    };
    const began = performance.now();
    const until = began + (warming + lasting) * 1000;
    const living = live(place, people, () => performance.now() > until);
    const looks: Seen[] = [];
    while (performance.now() < until) {
      await wait(1000);
      looks.push(await look(server, data, performance.now() - began, living.tally.requests));
      if (looks.length % 60 === 0) console.error(`${kind}: ${looks.length} s, ${said(looks.at(-1))}`);
    }
    await living.ended;
    const { tally } = living;
    const judged = looks.filter(({ at }) => at > warming * 1000);
    const grew = Object.fromEntries(HELD.map((name) => [name, growth(judged, name)])) as Record<keyof Held, number>;
    const growing = HELD.filter((name) => grew[name] > ALLOWED[name](mean(judged, name)));
    return { tally, looks, grew, growing, dearer: dearer(judged) };
  } finally {
    kill();
    process.off("exit", kill);
    rmSync(data, { recursive: true, force: true });
  }
}

async function look(server: ChildProcess, data: string, at: number, requests: number): Promise<Seen> {
  const answered = once(server, "message");
  server.send("look");
  const [seen] = (await answered) as [Look];
  const size = (file: string): number => statSync(join(data, file), { throwIfNoEntry: false })?.size ?? 0;
  return {
    ...seen,
    at,
    requests,
    fileBytes: size("hallpass.sqlite"),
    logBytes: size("hallpass.sqlite-wal"),
  };
}

/** The slope of a straight line through them, times the time. */
function growth(looks: readonly Seen[], name: keyof Held): number {
  const times = looks.reduce((sum, { at }) => sum + at, 0) / looks.length;
  const values = mean(looks, name);
  const above = looks.reduce((sum, one) => sum + (one.at - times) * (one[name] - values), 0);
  const below = looks.reduce((sum, { at }) => sum + (at - times) ** 2, 0);
  return (above / below) * ((looks.at(-1)?.at ?? 0) - (looks[0]?.at ?? 0));
}

function mean(looks: readonly Seen[], name: keyof Held): number {
  return looks.reduce((sum, one) => sum + one[name], 0) / looks.length;
}

function dearer(looks: readonly Seen[]): number {
  const third = Math.floor(looks.length / 3);
  const cost = (from: Seen | undefined, to: Seen | undefined): number =>
    ((to?.cpuMs ?? 0) - (from?.cpuMs ?? 0)) / ((to?.requests ?? 0) - (from?.requests ?? 0));
  return cost(looks.at(-third - 1), looks.at(-1)) / cost(looks[0], looks[third]);
}

function said(one: Seen | undefined): string {
  if (one === undefined) return "nothing";
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  return `heap ${megabytes(one.heapBytes)}, resident ${megabytes(one.residentBytes)}, ${one.descriptors} descriptors, ${one.resources} resources, file ${megabytes(one.fileBytes)}, log ${megabytes(one.logBytes)}`;
}

const tree = new MutatedTree();
const soaked = await (async () => {
  try {
    tree.apply(SHORTENED);
    return await Promise.all([
      soak(tree, "as it is", WARM_SECONDS, seconds),
      soak(tree, "leaking", LEAKING_WARM_SECONDS, Math.min(seconds, MOST_LEAKING_SECONDS)),
    ]);
  } finally {
    tree.remove();
  }
})();
const [real, control] = soaked;
const broken = [...real.tally.wrong, ...real.growing.map((name) => `${name} grew by ${Math.round(real.grew[name])}`)];
if (real.tally.loggedOut > 0) broken.push(`${real.tally.loggedOut} refreshes were refused`);
if (real.dearer > MOST_DEARER) broken.push(`a request costs ${real.dearer.toFixed(2)} times as much at the end`);
for (const name of ["heapBytes", "descriptors", "resources"] as const)
  if (!control.growing.includes(name)) broken.push(`${name} of a server that leaks was not seen to grow`);
let kept: string | undefined;
for (const one of broken) console.log(`broken: ${one}`);
if (broken.length > 0) {
  kept = join(tmpdir(), `hallpass-soak-${process.pid}.json`);
  writeFileSync(kept, JSON.stringify({ real, control }));
}
const p99 = (part: readonly { readonly ms: number }[]): string =>
  `${(part.map(({ ms }) => ms).toSorted((a, b) => a - b)[Math.floor(part.length * 0.99)] ?? 0).toFixed(1)} ms`;
const { refreshed } = real.tally;
const tenth = Math.ceil(refreshed.length / 10);
const percent = (one: Soaked, name: keyof Held): string =>
  `${((100 * one.grew[name]) / Math.max(1, mean(one.looks, name))).toFixed(1)} %`;
const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} kB`;
sayProof({
  id: "soak",
  promise: "P6 P9 P10",
  figure: `${seconds} s after a warm-up of ${WARM_SECONDS} s, a month's retention in 5 s: ${real.tally.requests} requests, ${real.tally.sessions} sessions, ${real.tally.keys} keys, ${real.tally.joined} verifiers came and went; ${real.tally.wrong.length} wrong answers, ${real.tally.loggedOut} logged out; grew by: heap ${percent(real, "heapBytes")} (${kilobytes(real.grew.heapBytes)}, of them compiled code ${kilobytes(real.grew.codeBytes)}), resident ${percent(real, "residentBytes")}, descriptors ${real.grew.descriptors.toFixed(1)}, timers and sockets ${real.grew.resources.toFixed(1)}, file ${percent(real, "fileBytes")}; CPU of a request ${real.dearer.toFixed(2)} times that of the beginning; refresh p99 ${p99(refreshed.slice(0, tenth))} in the first tenth, ${p99(refreshed.slice(-tenth))} in the last`,
  control: `of a server that leaks: heap ${percent(control, "heapBytes")}, descriptors ${control.grew.descriptors.toFixed(0)}, timers and sockets ${control.grew.resources.toFixed(0)}`,
  seeds: "none",
  notShown: [
    "a real day",
    "PostgreSQL",
    "what grows by one in more requests than there were, or by less than may seem to: 5 % of the heap, 20 % of resident memory or 40 MB",
  ],
  passed: broken.length === 0,
  ...(kept === undefined ? {} : { kept }),
});
