// What is watched by flushes.ts: a server without sockets on a store that keeps, asked for each operation by one after the other and by
// sixteen together. Where each stretch begins and ends it shows by removing a directory that is not there: a call that strace sees.
//   argv: SQLite or PostgreSQL, a directory

import { fdatasyncSync, openSync, rmdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { scene } from "../../packages/server/src/testing/scene.ts";
import { BARE, FLUSHING, MARK, TOGETHER } from "./flushes.ts";

const ROUNDS = 32;
const [keeping = "", directory = ""] = process.argv.slice(2);
// What cleans up in the background would flush when it likes.
const postgres = keeping === "PostgreSQL" ? await startPostgres({ autovacuum: "off" }) : undefined;

function mark(what: string): void {
  try {
    rmdirSync(`${MARK}${what}`);
  } catch {
    // It is never there.
  }
}

/** Makes all requests first; what they need is not counted. */
async function stretch(name: string, size: number, ready: () => Promise<() => Promise<void>>): Promise<void> {
  const rounds = await Promise.all(
    Array.from({ length: ROUNDS }, () => Promise.all(Array.from({ length: size }, () => ready()))),
  );
  mark(`${ROUNDS * size},${size},${name}`);
  for (const asks of rounds) await Promise.all(asks.map((ask) => ask()));
  mark("end");
}

const file = openSync(join(directory, "bare"), "a");
for (const size of [1, TOGETHER])
  await stretch(BARE, size, async () => async () => {
    writeSync(file, "a line\n");
    fdatasyncSync(file);
  });
const stage = await scene({ config: { store: postgres?.url ?? "sqlite", data: directory } });
for (const { name, ready, status } of FLUSHING)
  for (const size of [1, TOGETHER])
    await stretch(name, size, async () => {
      const ask = await ready(stage);
      return async () => {
        const answered = await ask();
        if (answered !== status) throw new Error(`${name} answered ${answered}`);
      };
    });
await stage.services.store.close();
await postgres?.stop();
