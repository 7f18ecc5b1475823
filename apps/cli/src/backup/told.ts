// What backup and restore share: a refusal in two lines.

import { BackupProblem } from "@hallpass/server";
import { Complaint } from "../complaint.ts";
import { EXIT } from "../exit-codes.ts";

const AGAIN = "nothing was changed; run this again";

/** Turns a refusal and a fault of the store into a complaint, with `hint` for the fault; a defect stays one. */
export async function told<T>(work: Promise<T>, hint: string = AGAIN): Promise<T> {
  return work.catch((error: unknown) => {
    if (error instanceof BackupProblem) throw new Complaint(EXIT.refused, error.message, error.hint);
    if (!(error instanceof Error) || error.name !== "Fault") throw error;
    const why = error.cause instanceof Error ? reasonOf(error.cause) : error.message;
    throw new Complaint(EXIT.unavailable, `the store did not go along: ${why}`, hint);
  });
}

function reasonOf(cause: Error): string {
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}
