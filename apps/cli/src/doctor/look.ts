// Looks at one thing. What can't be seen is an answer as well, with the reason.

import { Complaint } from "../complaint.ts";
import type { Seen } from "./facts.ts";

export function saw<T>(value: T): Seen<T> {
  return { seen: true, value };
}

export function unseen(why: string): { readonly seen: false; readonly why: string } {
  return { seen: false, why };
}

/** A complaint, a lost connection or an answer of another shape is the reason why nothing was seen. */
export async function look<T>(at: () => Promise<T>): Promise<Seen<T>> {
  try {
    return saw(await at());
  } catch (cause) {
    if (cause instanceof Complaint) return unseen(cause.message);
    const reason = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause : cause).message : "";
    return unseen(`could not look: ${reason}`);
  }
}
