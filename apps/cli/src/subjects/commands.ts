// The commands about subjects: people, as the apps call them.

import type { Command } from "commander";
import type { On } from "../action.ts";

export function addSubjects(program: Command, on: On): void {
  const subjects = program
    .command("subjects")
    .description("block, export and erase people; - reads the subject from stdin");
  const show = subjects
    .command("show <subject>")
    .description("its reference, whether it is blocked, how many sessions live")
    .option("--json");
  on(show, async (context, options, [subject = ""]) =>
    (await import("./show.ts")).showSubject(context, subject, options),
  );
  const block = subjects
    .command("block <subject>")
    .description("end everything of it, and let nothing new begin")
    .option("--until <time>", "2027-01-31 or 2027-01-31T12:00Z; otherwise until it is taken back")
    .option("--reason <words>", "why, for the receipt")
    .option("--ticket <id>", "for the receipt")
    .option("--wait <span>", "wait until the verifiers have it, at most this long: 5s")
    .option("--json");
  on(block, async (context, options, [subject = ""]) =>
    (await import("./block.ts")).blockSubject(context, subject, options),
  );
  const unblock = subjects.command("unblock <subject>").description("let it sign in again").option("--json");
  on(unblock, async (context, options, [subject = ""]) =>
    (await import("./block.ts")).unblockSubject(context, subject, options),
  );
  const exported = subjects
    .command("export <subject>")
    .description("everything that is stored about it, one JSON record a line");
  on(exported, async (context, _, [subject = ""]) => (await import("./export.ts")).exportSubject(context, subject));
  const erase = subjects
    .command("erase <subject>")
    .description("end everything of it, and erase what is stored about it")
    .option("--yes", "it can't be taken back")
    .option("--reason <words>", "why, for the receipt")
    .option("--ticket <id>", "for the receipt")
    .option("--json");
  on(erase, async (context, options, [subject = ""]) =>
    (await import("./export.ts")).eraseSubject(context, subject, options),
  );
}
