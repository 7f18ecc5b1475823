// Owns the command line: noun verb, data on stdout, speech on stderr.
// Does not own rules: it calls the server package or its HTTP surface.
// This file is the table of contents; program.ts is the one to read first: it is the list of commands.

export { EXIT, type ExitCode } from "./exit-codes.ts";
export { receiptLines } from "./print/receipt.ts";
export { run } from "./run.ts";
export type { Terminal } from "./terminal.ts";
