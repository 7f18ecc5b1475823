// `backup`: the stores that the configuration names, each in one consistent state, into a new directory; nodes may serve meanwhile.

import { backUp } from "@hallpass/server";
import type { ConfigOptions } from "../config/check.ts";
import { configured } from "../config/configured.ts";
import type { Context, Outcome } from "../context.ts";
import { printJson } from "../terminal.ts";
import { told } from "./told.ts";

export async function backup(context: Context, directory: string, options: ConfigOptions): Promise<Outcome> {
  const manifest = await told(backUp(configured(context, options), directory));
  const { terminal } = context;
  if (options.json === true) printJson(terminal, manifest);
  for (const one of options.json === true ? [] : manifest.tenants)
    terminal.say(`${one.tenant}: up to ${one.head}, ${one.bytes} bytes in ${one.file}\n`);
  const keks = [...new Set(manifest.tenants.flatMap((one) => one.keys_sealed_under))];
  terminal.say(
    `its keys are sealed under the key-encryption key ${keks.join(" and ")}, which is not in it: keep that elsewhere\n`,
  );
  return undefined;
}
