// What backup and restore share: a refusal in two lines.

import { BackupProblem } from "@hallpass/server";
import { Complaint } from "../complaint.ts";
import { EXIT } from "../exit-codes.ts";

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
