// The program that gets killed: commits without end, and writes each acknowledgement to its standard output, at once
// and only after the answer. What stands in a pipe outlives the process that wrote it.

import { writeSync } from "node:fs";
import type { Store } from "@hallpass/core";
import { createDrafts, factOf, keyOf, put, uuidOf } from "../drafts.ts";
import { formatAcknowledged } from "./acknowledged.ts";

const CLIENTS = 8;

/** Never resolves. Eight clients at once, each with a row of its own; it goes on where a killed run before it ended. */
export async function commitUntilKilled(store: Store): Promise<never> {
  const drafts = createDrafts();
  const client = async (n: number): Promise<never> => {
    const id = uuidOf(n);
    const found = (await store.read([keyOf(id)])).get(keyOf(id));
    for (let version = found?.version ?? 0; ; version += 1) {
      const notice = drafts.notice();
      const row = put(keyOf(id), version === 0 ? "absent" : version, `version ${version + 1}`);
      const [outcome] = await store.commit([drafts.change({ rows: [row], notices: [notice], facts: [factOf("{}")] })]);
      if (outcome?.kind !== "committed") throw new Error(`not committed: ${outcome?.kind}`);
      say(formatAcknowledged({ id, version: version + 1, seq: outcome.pos.seq, mark: notice.mark }));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
  throw new Error("a client ended");
}

/** Not through a stream, whose buffer would die with the process. A pipe that is full for the moment is tried again. */
function say(line: string): void {
  const bytes = Buffer.from(line);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}
