// One command from its arguments to its exit code. What went wrong is two lines on stderr: what, and a hint.

import { CommanderError } from "commander";
import { Complaint } from "./complaint.ts";
import type { Context, Outcome } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { printable } from "./print/columns.ts";
import { buildProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

export async function run(
  words: readonly string[],
  terminal: Terminal,
  onStop: Context["onStop"] = () => {},
): Promise<ExitCode> {
  let outcome: Outcome;
  try {
    const program = buildProgram(terminal, onStop, (result) => {
      outcome = result;
    });
    await program.parseAsync(words[0] === "--version" ? ["version"] : words, { from: "user" });
    return outcome ?? EXIT.done;
  } catch (cause) {
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (cause instanceof Complaint) {
      terminal.say(`error: ${printable(cause.message)}\nhint: ${printable(cause.hint)}\n`);
      return cause.exit;
    }
    const told = cause instanceof Error ? (cause.stack ?? cause.message) : "something that is no error was thrown";
    // An error may quote what others wrote, such as a line that is no JSON.
    terminal.say(`error: ${told.split("\n").map(printable).join("\n")}\n`);
    terminal.say("hint: this is a defect of hallpass; please report it\n");
    return EXIT.defect;
  }
}
