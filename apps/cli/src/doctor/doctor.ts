// `doctor`: looks at a running deployment and its configuration, and says of each check what is, and for what is not right why and how to mend it.

import type { SourceOptions } from "../config/sources.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { columns, printable } from "../print/columns.ts";
import { printJson, printLines } from "../terminal.ts";
import type { Check, Verdict } from "./check.ts";
import { CHECKS } from "./checks/index.ts";
import type { Facts } from "./facts.ts";
import { gatherConfig, ofServer } from "./gather-config.ts";
import { gatherServer } from "./gather-server.ts";
import { gatherTransport } from "./gather-transport.ts";

interface DoctorOptions extends SourceOptions {
  readonly json?: true;
}

type Judged = Omit<Check, "judge"> & Verdict;

const WORDS: Readonly<Record<Verdict["verdict"], string>> = {
  right: "right",
  warning: "WARNING",
  failure: "FAILURE",
  unknown: "can't tell",
};

export async function doctor(context: Context, options: DoctorOptions): Promise<Outcome> {
  const { terminal } = context;
  const judged = judgeAll(await gather(context, options));
  if (options.json === true) printJson(terminal, { checks: judged });
  else {
    printLines(terminal, tableOf(judged));
    printLines(
      terminal,
      judged.filter(({ verdict }) => verdict === "warning" || verdict === "failure").flatMap(findingOf),
    );
    printLines(terminal, unseenOf(judged));
  }
  return exitOf(judged);
}

export function judgeAll(facts: Facts): readonly Judged[] {
  return CHECKS.map(({ judge, ...check }) => ({ ...check, ...judge(facts) }));
}

/** A failure outweighs warnings; what could not be looked at is a warning. */
export function exitOf(judged: readonly Pick<Verdict, "verdict">[]): ExitCode {
  if (judged.some(({ verdict }) => verdict === "failure")) return EXIT.refused;
  return judged.every(({ verdict }) => verdict === "right") ? EXIT.done : EXIT.warned;
}

async function gather(context: Context, options: SourceOptions): Promise<Facts> {
  const config = gatherConfig(context, options);
  const server = context.api();
  const asked = await gatherServer(server);
  const transport = await gatherTransport(server.url, asked.issuer.seen ? asked.issuer.value : undefined);
  return { now_ms: context.terminal.now(), ...ofServer(config, asked.issuer), ...asked, ...transport };
}

function tableOf(judged: readonly Judged[]): string[] {
  return columns(
    ["LIST", "CHECK", "VERDICT", "WHAT"],
    judged.map((one) => [one.list, one.id, WORDS[one.verdict], one.what]),
  );
}

function findingOf(one: Judged): string[] {
  return [
    "",
    `${WORDS[one.verdict]}: ${one.id}`,
    `  wanted: ${one.title}`,
    `  what:   ${printable(one.what)}`,
    `  why:    ${one.why}`,
    `  mend:   ${one.mend}`,
  ];
}

/** What kept the doctor from looking, once for all that it kept it from: whether these are to be mended is not known. */
function unseenOf(judged: readonly Judged[]): string[] {
  const unseen = Map.groupBy(
    judged.filter(({ verdict }) => verdict === "unknown"),
    ({ what }) => what,
  );
  return [...unseen].flatMap(([what, all]) => [
    "",
    `${WORDS.unknown}: ${all.map(({ id }) => id).join(", ")}`,
    `  what:   ${printable(what)}`,
  ]);
}
