// A process that has loaded test files and sources with mutants, and runs tests while one mutant is switched on. Told what to do, and
// asked, by messages (worker-handle.ts).

import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fastCheck from "fast-check";
import { root } from "./mutants.ts";
import { type Collected, collect, collected } from "./tests.ts";
import type { Answer, Covered, Failure, Told } from "./told.ts";

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
        return { kind: "loaded", tests: collected.map(({ file, title }) => ({ file, title })) };
      case "cover":
        return { kind: "covered", covered: await cover() };
      case "judge": {
        const failure = await judge(told.mutant, told.tests, told.hitLimit);
        return { kind: "judged", failure };
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
  const imported = (file: string): Promise<unknown> => import(pathToFileURL(join(root, file)).href);
  if (apart === true) for (const source of Object.keys(written)) await imported(source);
  for (const file of files) {
    switches.currentTestId = file;
    await collect(file, () => imported(file));
  }
  switches.currentTestId = undefined;
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
  const times: number[] = [];
  for (const [index, test] of collected.entries()) {
    switches.currentTestId = `t${index}`;
    const began = performance.now();
    const failure = await run(test, 60_000);
    if (failure !== undefined) throw new Error(`without any mutant "${test.title}" fails: ${failure.why}`);
    times.push(performance.now() - began);
  }
  switches.currentTestId = undefined;
  const { static: atLoad, perTest } = switches.mutantCoverage;
  const files = [...new Set(collected.map(({ file }) => file))];
  return {
    atLoad,
    byFile: Object.fromEntries(files.map((file) => [file, perTest[file] ?? {}])),
    byTest: collected.map((_, index) => perTest[`t${index}`] ?? {}),
    times,
  };
}

/** The first failure, if there is one. */
async function judge(
  mutant: string,
  tests: readonly (readonly [index: number, limitMs: number])[],
  hitLimit: number,
): Promise<Failure | undefined> {
  const asked = tests.flatMap(([index, limitMs]) => {
    const test = collected[index];
    return test === undefined ? [] : [{ index, test, limitMs }];
  });
  strayed = false;
  Object.assign(switches, { counting: false, activeMutant: mutant, hitCount: 0, hitLimit });
  for (const { index, test, limitMs } of asked) {
    const failure = await run(test, limitMs);
    if (failure === undefined) continue;
    switches.activeMutant = null;
    await settled();
    // Whatever fails without the mutant as well was not made to fail by it alone: something was left behind.
    const again = await run(test, limitMs);
    return { ...failure, test: index, left: strayed || again !== undefined };
  }
  switches.activeMutant = null;
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
