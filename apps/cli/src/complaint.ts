// What goes wrong, in the two lines that a person gets: what, and a hint.

import { EXIT, type ExitCode } from "./exit-codes.ts";

export class Complaint extends Error {
  readonly hint: string;
  readonly exit: ExitCode;

  constructor(exit: ExitCode, what: string, hint: string) {
    super(what);
    this.name = "Complaint";
    this.hint = hint;
    this.exit = exit;
  }
}

export function usage(what: string, hint: string): Complaint {
  return new Complaint(EXIT.usage, what, hint);
}
