// What a tool said, as a problem that a person can act on.

import { BackupProblem } from "./problem.ts";

export async function asProblem<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== "ToolFailed") throw error;
    throw new BackupProblem("tool_failed", error.message, "nothing was changed; mend it and run this again");
  });
}
