// Stands where node:test stands while mutants are judged: it collects the tests instead of running them, so that each can be run as
// often as there are mutants that it might notice. It has only what the tests of these packages use: a file that imports more does not load.

type Body = (context: Context) => unknown;

export interface Context {
  readonly name: string;
  readonly after: (end: () => unknown) => void;
  readonly diagnostic: (text: string) => void;
}

export interface Collected {
  readonly file: string;
  readonly title: string;
  readonly body: Body;
}

export const collected: Collected[] = [];

const begins: (() => unknown)[] = [];
const titles: string[] = [];
const pending: Promise<unknown>[] = [];
let loading = "";

/** Of this file are the tests that are collected from now on, until the promise is fulfilled. */
export async function collect(file: string, load: () => Promise<unknown>): Promise<void> {
  loading = file;
  await load();
  await Promise.all(pending.splice(0));
  for (const begin of begins.splice(0)) await begin();
}

export function test(title: string, body: Body): void {
  collected.push({ file: loading, title: [...titles, title].join(" › "), body });
}

export function describe(title: string, body: () => unknown): void {
  titles.push(title);
  pending.push(Promise.resolve(body()));
  titles.pop();
}

export function before(begin: () => unknown): void {
  begins.push(begin);
}

/** What a file leaves behind ends with its process. */
export function after(): void {}

export { test as default, test as it };
