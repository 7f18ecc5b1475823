// What a verifier asks for, gets and reads until it is ready, while so many notices live. Each starts in a process of its
// own (verifier-starting.ts), against a whole server in another
// (verifier-starts-server.ts).

import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEMO_API_CREDENTIALS } from "@hallpass/server";
import { freePort } from "@hallpass/store-postgres/testing";

/** Requests, kB received, texts parsed as JSON, kB of them, kB allocated. */
export type Start = readonly number[];

const NOTICES = [0, 1000, 100_000];

/** By what it is called in the table. Rejects when a verifier does not start. */
export async function startsOfAll(): Promise<ReadonlyMap<string, Start>> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-starts-"));
  const listen = `127.0.0.1:${await freePort()}`;
  const server = programOf("verifier-starts-server.ts", [data, listen]);
  try {
    const all = new Map<string, Start>();
    await told(server);
    const credentials = readFileSync(join(data, DEMO_API_CREDENTIALS), "utf8").trim().split(":");
    let live = 0;
    for (const notices of NOTICES) {
      server.send(notices - live);
      await told(server);
      live = notices;
      for (const feed of ["pull", "push"]) {
        const verifier = programOf("verifier-starting.ts", [`http://${listen}`, ...credentials, feed]);
        all.set(`${feed}, ${notices.toLocaleString("en")} notices`, (await told(verifier)) as Start);
      }
    }
    return all;
  } finally {
    server.kill("SIGKILL");
    rmSync(data, { recursive: true, force: true });
  }
}

function programOf(name: string, given: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, name), given, { execArgv: ["--conditions=hallpass-source"] });
}

/** The next message of the process. Rejects when it has ended instead. */
function told(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", () => reject(new Error(`a process ended: ${child.spawnargs.join(" ")}`)));
  });
}
