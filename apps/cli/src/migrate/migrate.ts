// `migrate`: makes or completes the tables of the database that the configuration names; nodes may serve meanwhile.

import { migrateStore } from "@hallpass/server";
import { Complaint } from "../complaint.ts";
import type { ConfigOptions } from "../config/check.ts";
import { configured } from "../config/configured.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printJson } from "../terminal.ts";

export async function migrate(context: Context, options: ConfigOptions): Promise<Outcome> {
  const { terminal } = context;
  const done = await migrateStore(configured(context, options)).catch((error: unknown) => {
    throw new Complaint(
      EXIT.unavailable,
      `the database did not go along: ${whyOf(error)}`,
      "mend it and run this again: it goes on where it stopped",
    );
  });
  if (options.json === true) printJson(terminal, done);
  else if (done.length === 0) terminal.say("nothing to do: this store completes itself when the server starts\n");
  for (const { tenant, from, to } of options.json === true ? [] : done)
    terminal.say(from === to ? `${tenant}: complete, ${to} steps\n` : `${tenant}: steps ${from + 1} to ${to} done\n`);
  return undefined;
}

/** Where a name stands for several addresses, each has a reason of its own, and the whole has none. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === "") return error.errors.map(whyOf).join("; ");
  return error.message;
}
