// `subjects show`: the reference of a subject, and whether it is blocked.

import type { Context, Outcome } from "../context.ts";
import { printJson, printLines } from "../terminal.ts";
import { findSubject, subjectLines } from "./wire.ts";

export async function showSubject(
  { terminal, api }: Context,
  subject: string,
  options: { readonly json?: true },
): Promise<Outcome> {
  const found = await findSubject(api(), terminal, subject);
  if (options.json === true) printJson(terminal, found);
  else printLines(terminal, subjectLines(found, terminal.now()));
  return undefined;
}
