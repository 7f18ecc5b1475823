// `diff FILE`: what applying a file would change and end. `apply FILE`: changes it, step by step; each step is whole or not there, a second
// run finds nothing left to do, and a run that was cut off is continued by the next.

import { join } from "node:path";
import { Complaint, usage } from "../complaint.ts";
import type { ServerApi } from "../connection/server-api.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../print/columns.ts";
import { secretFile } from "../secret-file.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { readCurrent, type Sections } from "./current.ts";
import { type Document, readWanted } from "./document.ts";
import { type Plan, planOf, type Step } from "./plan.ts";
import { previewOf } from "./preview.ts";

interface DiffOptions {
  readonly prune?: true;
  /** Exit with 3 when there is a difference. */
  readonly check?: true;
  readonly json?: true;
}

interface ApplyOptions {
  readonly prune?: true;
  /** A directory for the secrets of clients that are made. */
  readonly secrets?: string;
  readonly json?: true;
}

/** All that the caller has: whoever gives scope away has to hold it in the token that it shows. */
const ALL = "";

const SIGNS: Readonly<Record<Step["kind"], string>> = { make: "+", change: "~", remove: "-" };

export async function diff({ terminal, api }: Context, path: string, options: DiffOptions): Promise<Outcome> {
  const wanted = await readWanted(path, terminal);
  const server = api();
  const plan = judged(
    planOf(wanted, await readCurrent(server, sectionsOf(wanted)), { prune: options.prune === true }),
    path,
    terminal,
  );
  const ends = new Map<Step, string>();
  for (const step of plan.steps)
    if (step.previews !== undefined) ends.set(step, await previewOf(server, step.previews));
  if (options.json === true) {
    const steps = plan.steps.map((step) => ({
      kind: step.kind,
      what: step.what,
      lines: step.lines,
      ends: ends.get(step) ?? null,
    }));
    printJson(terminal, { steps, kept: plan.kept });
  } else {
    printLines(
      terminal,
      plan.steps.flatMap((step) => [...linesOf(step), ...indented(ends.get(step))]),
    );
    tellKept(terminal, plan);
    terminal.say(plan.steps.length === 0 ? "no changes\n" : `${counted(plan.steps.length)} to make\n`);
  }
  return options.check === true && plan.steps.length > 0 ? EXIT.refused : undefined;
}

export async function apply({ terminal, api }: Context, path: string, options: ApplyOptions): Promise<Outcome> {
  const wanted = await readWanted(path, terminal);
  const server = api();
  const plan = judged(
    planOf(wanted, await readCurrent(server, sectionsOf(wanted)), { prune: options.prune === true }),
    path,
    terminal,
  );
  const secrets = plan.steps.flatMap(({ secretOf }) => secretOf ?? []);
  if (secrets.length > 0 && options.secrets === undefined)
    throw usage(
      `there is no place for the secret of ${secrets.join(", ")}`,
      "--secrets <directory>, or secret_sha256 in the file for one that you have",
    );
  const done: string[] = [];
  for (const step of plan.steps) {
    await taken(server, step, options.secrets).catch((cause: unknown) => {
      tellRest(terminal, plan.steps, done.length);
      throw cause;
    });
    done.push(step.what);
    if (options.json !== true) printLines(terminal, linesOf(step));
  }
  if (options.json === true) printJson(terminal, { done, kept: plan.kept });
  else {
    tellKept(terminal, plan);
    terminal.say(plan.steps.length === 0 ? "no changes\n" : `${counted(plan.steps.length)} made\n`);
  }
  return undefined;
}

function sectionsOf({ roles, policies, clients }: Document): Sections {
  return { roles: roles !== undefined, policies: policies !== undefined, clients: clients !== undefined };
}

function judged(plan: Plan, path: string, terminal: Terminal): Plan {
  if (plan.problems.length === 0) return plan;
  for (const problem of plan.problems) terminal.say(`problem: ${printable(problem)}\n`);
  const count = plan.problems.length;
  throw new Complaint(
    EXIT.usage,
    `${path} can't be applied: ${count === 1 ? "a problem" : `${count} problems`}`,
    "nothing was changed",
  );
}

async function taken(server: ServerApi, step: Step, directory: string | undefined): Promise<void> {
  // Before the client is made: a secret that can't be written would be lost.
  const file = step.secretOf === undefined ? undefined : secretFile(join(directory ?? ".", step.secretOf));
  try {
    const answer = await server.call<{ readonly client_secret?: string }>({
      scope: ALL,
      ...step.call,
      unknown: "it may or may not have happened; run apply again: what is done is not done twice",
    });
    file?.keep(step.secretOf ?? "", answer.client_secret ?? "");
  } catch (cause) {
    file?.drop();
    throw cause;
  }
}

function linesOf({ kind, what, lines }: Step): readonly string[] {
  return [`${SIGNS[kind]} ${printable(what)}`, ...lines.map((line) => `    ${printable(line)}`)];
}

function indented(line: string | undefined): readonly string[] {
  return line === undefined ? [] : [`    ${line}`];
}

function tellKept(terminal: Terminal, { kept }: Plan): void {
  if (kept.length > 0) terminal.say(`not in the file, and kept: ${kept.map(printable).join(", ")}\n`);
}

/** Exactly what is done and what is not, when a step was refused or its outcome is unknown. */
function tellRest(terminal: Terminal, steps: readonly Step[], done: number): void {
  const names = (some: readonly Step[]): string =>
    some.length === 0 ? "nothing" : some.map(({ what }) => printable(what)).join(", ");
  terminal.say(`done: ${names(steps.slice(0, done))}\n`);
  terminal.say(`stopped at: ${names(steps.slice(done, done + 1))}\n`);
  terminal.say(`not begun: ${names(steps.slice(done + 1))}\n`);
}

function counted(steps: number): string {
  return steps === 1 ? "1 change" : `${steps} changes`;
}
