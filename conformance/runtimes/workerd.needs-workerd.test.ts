import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { freePort } from "../interop/running-server.ts";
import { keepsItsWord, listening, type Started } from "./in-runtime.ts";
import { workerdConfig } from "./workerd-config.ts";

const workerd = join(import.meta.dirname, "node_modules/@cloudflare/workerd-linux-64/bin/workerd");

async function start(project: string, settings: string): Promise<Started> {
  const port = await freePort();
  return listening(workerd, ["serve", workerdConfig(project, settings, port)], project, port);
}

// A worker keeps no connection between two requests.
test("workerd, pull: accepts, refuses what was revoked within its bound and nothing else, and without a server knows nothing instead of saying no [RUN-1]", (t: TestContext) =>
  keepsItsWord(t, start, "pull"));
