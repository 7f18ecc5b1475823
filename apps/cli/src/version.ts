// `version`: which hallpass this is, and the Node that runs it: what a report of a defect begins with.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Context, Outcome } from "./context.ts";
import { printLines } from "./terminal.ts";

interface Manifest {
  readonly version: string;
}

export async function version({ terminal }: Context): Promise<Outcome> {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as Manifest;
  printLines(terminal, [`hallpass ${manifest.version} on Node ${process.versions.node}`]);
  return undefined;
}
