// What backup and restore share: the configuration that names the stores, and a refusal in two lines.

import { BackupProblem, type Config, loadConfig } from "@hallpass/server";
import { Complaint } from "../complaint.ts";
import { sourcesOf } from "../config/sources.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";

export interface BackupOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly json?: true;
}

export function configured({ terminal, connection }: Context, options: BackupOptions): Config {
  const loaded = loadConfig(sourcesOf(terminal.env, connection, options));
  if (!loaded.ok) throw new Complaint(EXIT.usage, loaded.problems.join("; "), "`config check` names every problem");
  return loaded.config;
}

/** Turns a refusal and a fault of the store into a complaint; a defect stays one. */
export async function told<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (error instanceof BackupProblem) throw new Complaint(EXIT.refused, error.message, error.hint);
    if (!(error instanceof Error) || error.name !== "Fault") throw error;
    const why = error.cause instanceof Error ? reasonOf(error.cause) : error.message;
    throw new Complaint(EXIT.unavailable, `the store did not go along: ${why}`, "nothing was changed; run this again");
  });
}

function reasonOf(cause: Error): string {
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}
