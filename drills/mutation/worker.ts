// A process that has loaded test files and sources with mutants, and runs tests while one mutant is switched on. Told what to do, and
// asked, by messages (worker-handle.ts).

import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fastCheck from "fast-check";
import { root } from "./mutants.ts";
import { type Collected, collect, collected } from "./tests.ts";
import type { Answer, Asked, Covered, CoveredFile, Failure, Told } from "./told.ts";

/** What the switches read (Stryker's names). */
interface Switches {
  activeMutant: string | null;
  counting: boolean;
  currentTestId: string | undefined;
  hitCount: number;
  hitLimit: number;
  mutantCoverage: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
}

const switches: Switches = {
  activeMutant: null,
  counting: true,
  currentTestId: undefined,
  hitCount: 0,
  hitLimit: Number.POSITIVE_INFINITY,
  mutantCoverage: { static: {}, perTest: {} },
};
Object.assign(globalThis, { __stryker__: switches });

// What is found is not made smaller, and the same texts are tried for each mutant.
fastCheck.configureGlobal({ seed: 1, endOnFailure: true });

/** A failure that no test awaits. */
let stray: ((error: unknown) => void) | undefined;
let strayed = false;
let hooked = false;
const loaded = new Set<string>();
const LOAD_MS = 120_000;
for (const event of ["uncaughtException", "unhandledRejection"] as const)
  process.on(event, (error: unknown) => {
    strayed = true;
    stray?.(error);
  });

process.once("disconnect", () => process.exit());
process.on("message", (told: Told) => {
  void answer(told).then((said) => process.send?.(said));
});

async function answer(told: Told): Promise<Answer> {
  try {
    switch (told.ask) {
      case "load":
        await load(told);
        return { kind: "loaded" };
      case "cover":
        return { kind: "covered", covered: await cover() };
      case "judge": {
        return { kind: "judged", failure: await judge(told) };
      }
    }
  } catch (error) {
    return { kind: "broken", why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** A mutant that is given is on while the sources are loaded. */
async function load({ written, files, apart, mutant, hitLimit }: Extract<Told, { ask: "load" }>): Promise<void> {
  if (!hooked) hook(written);
  hooked = true;
  if (mutant !== undefined) Object.assign(switches, { counting: false, activeMutant: mutant, hitCount: 0, hitLimit });
  if (apart === true) for (const source of Object.keys(written)) await imported(source);
  for (const file of files) {
    switches.currentTestId = file;
    loaded.add(file);
    await collect(file, () => imported(file));
  }
  switches.currentTestId = undefined;
}

function imported(file: string): Promise<unknown> {
  return import(pathToFileURL(join(root, file)).href);
}

async function testAt([file, place]: Asked): Promise<Collected> {
  if (!loaded.has(file)) {
    process.send?.({ kind: "begins", limitMs: LOAD_MS } satisfies Answer);
    loaded.add(file);
    await collect(file, () => imported(file));
  }
  const test = collected.filter((one) => one.file === file)[place];
  if (test === undefined) throw new Error(`${file} has no test ${place}`);
  return test;
}

function hook(written: Readonly<Record<string, string>>): void {
  const sources = new Map(Object.entries(written).map(([path, js]) => [pathToFileURL(join(root, path)).href, js]));
  const tests = new URL("tests.ts", import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "node:test" ? { url: tests, shortCircuit: true } : next(specifier, context),
    load: (url, context, next) => {
      const js = sources.get(url);
      return js === undefined
        ? next(url, context)
        : { format: "module", source: readFileSync(js, "utf8"), shortCircuit: true };
    },
  });
}

async function cover(): Promise<Covered> {
  const ran: { readonly test: Collected; readonly id: string; readonly ms: number }[] = [];
  for (const [index, test] of collected.entries()) {
    const id = `t${index}`;
    switches.currentTestId = id;
    const began = performance.now();
    const failure = await run(test, 60_000);
    if (failure !== undefined) throw new Error(`without any mutant "${test.title}" fails: ${failure.why}`);
    ran.push({ test, id, ms: performance.now() - began });
  }
  switches.currentTestId = undefined;
  const { static: atLoad, perTest } = switches.mutantCoverage;
  const coveredFile = (file: string): CoveredFile => ({
    atLoad: perTest[file] ?? {},
    tests: ran
      .filter(({ test }) => test.file === file)
      .map(({ test, id, ms }) => ({ title: test.title, hits: perTest[id] ?? {}, ms })),
  });
  return { atLoad, files: Object.fromEntries([...loaded].map((file) => [file, coveredFile(file)])) };
}

/** The first failure, if there is one. */
async function judge({ mutant, tests, hitLimit }: Extract<Told, { ask: "judge" }>): Promise<Failure | undefined> {
  strayed = false;
  Object.assign(switches, { counting: false, hitCount: 0, hitLimit });
  for (const [place, asked] of tests.entries()) {
    const [, , limitMs] = asked;
    const test = await testAt(asked);
    process.send?.({ kind: "begins", limitMs: 2 * limitMs } satisfies Answer);
    switches.activeMutant = mutant;
    const failure = await run(test, limitMs);
    switches.activeMutant = null;
    if (failure === undefined) continue;
    await settled();
    // Whatever fails without the mutant as well was not made to fail by it alone: something was left behind.
    process.send?.({ kind: "begins", limitMs: 2 * limitMs } satisfies Answer);
    const again = await run(test, limitMs);
    return { ...failure, test: place, left: strayed || again !== undefined };
  }
  await settled();
  return strayed ? { why: "a failure that no test awaited", timedOut: false, left: true, test: -1 } : undefined;
}

async function run(test: Collected, limitMs: number): Promise<Failure | undefined> {
  const ends: (() => unknown)[] = [];
  const body = async (): Promise<void> => {
    await test.body({ name: test.title, after: (end) => void ends.push(end), diagnostic: () => {} });
    // What it began and did not await fails now, or not because of it.
    await settled();
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      body(),
      new Promise((_, reject) => {
        stray = reject;
      }),
      new Promise((_, reject) => {
        timer = setTimeout(reject, limitMs, new TimedOut());
      }),
    ]);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : String(error);
    return { why, timedOut: error instanceof TimedOut || why.startsWith("Stryker: Hit"), left: false, test: -1 };
  } finally {
    clearTimeout(timer);
    stray = undefined;
    for (const end of ends) await end();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

class TimedOut extends Error {}
