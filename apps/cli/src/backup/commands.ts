// The commands of backup and restore.

import type { Command } from "commander";
import type { On } from "../action.ts";

export function addBackups(program: Command, on: On): void {
  const backup = program
    .command("backup <directory>")
    .description("a consistent copy of every store into a new directory; nodes may serve meanwhile")
    .option("--config <file>")
    .option("--set <key=value...>", "a key, over file and environment")
    .option("--json");
  on(backup, async (context, options, [directory = ""]) =>
    (await import("./backup.ts")).backup(context, directory, options),
  );
  const restore = program
    .command("restore [backup]")
    .description("bring a backup back, with what was revoked since; without one, bring the store in its place up to it")
    .option("--journal <directory...>", "the revocation journals of all nodes; otherwise the configured one")
    .option("--end-all-sessions", "without a complete journal: everybody has to sign in again")
    .option("--config <file>")
    .option("--set <key=value...>", "a key, over file and environment")
    .option("--json");
  on(restore, async (context, options, [directory]) =>
    (await import("./restore.ts")).restore(context, directory, options),
  );
}
