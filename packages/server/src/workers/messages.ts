// What the supervisor and its workers say to each other. Nothing else passes between them.

export type FromWorker =
  /** It listens. */
  | { readonly say: "serving" }
  /** The pages of all workers are wanted. */
  | { readonly say: "pages"; readonly ask: number; readonly tenant: string }
  /** Its own page; null when it could not be made. */
  | { readonly say: "page"; readonly ask: number; readonly text: string | null };

export type ToWorker =
  | { readonly say: "drain" }
  | { readonly say: "page"; readonly ask: number; readonly tenant: string }
  | { readonly say: "pages"; readonly ask: number; readonly texts: readonly string[] };

/** Node's cluster sends messages of its own on the same channel. */
export function isFromWorker(message: unknown): message is FromWorker {
  return typeof message === "object" && message !== null && "say" in message;
}

export function isToWorker(message: unknown): message is ToWorker {
  return typeof message === "object" && message !== null && "say" in message;
}
