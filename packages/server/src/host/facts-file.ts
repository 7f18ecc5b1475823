// A file that gets every fact as a line of JSON, for log shippers: at least once, those of a session in their order. Written through to the
// disk before the cursor moves.

import { open } from "node:fs/promises";
import { type FactReader, Fault, type StoredFact } from "@hallpass/core";

const BATCH = 500;
const MODE = 0o600;

/** Rotate it by renaming: each delivery opens the path anew. */
export function factsFile(path: string): FactReader {
  return {
    name: "facts-file",
    batch: BATCH,
    deliver: async (facts) => {
      try {
        const file = await open(path, "a", MODE);
        try {
          await file.writeFile(facts.map(lineOf).join(""));
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (cause) {
        // A disk that is full or gone is no fact's fault.
        throw new Fault("store_unavailable", { cause });
      }
    },
  };
}

/** `cursor` tells a line that came twice. A body is JSON already. */
function lineOf({ cursor, kind, session, at, body }: StoredFact): string {
  return `{"cursor":${JSON.stringify(cursor)},"kind":${JSON.stringify(kind)},"at_ms":${at},"session":${JSON.stringify(session)},"body":${body}}\n`;
}
