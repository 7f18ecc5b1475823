// `serve --workers 4`: this process serves nobody itself. It starts the others, replaces one that dies, and has all of them drain when it is
// told to stop.

import { type Config, type SupervisorEvent, superviseWorkers, WorkerLeft } from "@hallpass/server";
import type { Context, Outcome } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";

/** Milliseconds beyond the limit within which a worker drains: then it is killed. */
const GRACE = 5000;

export async function serveByWorkers(
  { terminal }: Pick<Context, "terminal">,
  config: Config,
  stopped: Promise<void>,
): Promise<Outcome> {
  const workers = superviseWorkers(config.workers, { told: (event) => terminal.say(lineOf(event)) });
  const left = workers.serving.then(
    () => undefined,
    (cause: unknown) => {
      if (cause instanceof WorkerLeft) return cause;
      throw cause;
    },
  );
  const failed = await Promise.race([left, stopped]);
  // It has said itself what was wrong.
  if (failed instanceof WorkerLeft) return exitOf(failed.code);
  terminal.say(`Hallpass serves ${config.issuer} by ${config.workers} workers; its data is in ${config.data}\n`);
  await stopped;
  terminal.say("stopping: no new requests, those under way are answered\n");
  const drained = await workers.stop(config.shutdown_limit * 1000 + GRACE);
  terminal.say(drained ? "stopped\n" : "stopped; not every worker had drained\n");
  return drained ? EXIT.done : EXIT.unavailable;
}

function lineOf(event: SupervisorEvent): string {
  if (event.kind === "serving") return `worker ${event.place} serves\n`;
  const how = event.code === null ? "was killed" : `left with ${event.code}`;
  return `worker ${event.place} ${how}; another one starts ${event.againMs === 0 ? "now" : `in ${event.againMs / 1000} s`}\n`;
}

function exitOf(code: number | null): ExitCode {
  return Object.values(EXIT).find((known) => known === code) ?? EXIT.unavailable;
}
