// Processes of a comparison: each is a part of it, tells when it is ready, and says what it has used when it is asked.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** What a part has used since it began. */
export interface Used {
  /** Microseconds of CPU, all threads. */
  readonly cpu: number;
  /** Requests to the issuer. */
  readonly calls: number;
}

export interface Part {
  readonly port: number;
  used(): Promise<Used>;
  stop(): Promise<void>;
}

type Said = { readonly port: number } | { readonly used: Used } | { readonly failed: string };

const ENDING = import.meta.url.endsWith(".ts") ? "ts" : "js";
const USED = "used?";

/** Rejects with what the process says, or when it leaves without a word. */
export async function startPart(name: "issuer" | "api", settings: object): Promise<Part> {
  const program = new URL(`./${name}-process.${ENDING}`, import.meta.url);
  // Its own log would stand between the lines of the comparison.
  const child = fork(program, [JSON.stringify(settings)], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  const said = await next(child);
  if (!("port" in said)) throw new Error("failed" in said ? said.failed : `the ${name} did not say where it listens`);
  return {
    port: said.port,
    used: async () => {
      child.send(USED);
      const answer = await next(child);
      if (!("used" in answer)) throw new Error(`the ${name} did not say what it used`);
      return answer.used;
    },
    stop: async () => {
      process.off("exit", killed);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      killed();
      await gone;
    },
  };
}

async function next(child: ChildProcess): Promise<Said> {
  const { promise, resolve, reject } = Promise.withResolvers<Said>();
  const left = (code: number | null): void => reject(new Error(`a process of the comparison left with ${code}`));
  child.once("message", resolve).once("exit", left);
  try {
    return await promise;
  } finally {
    child.off("message", resolve).off("exit", left);
  }
}

/** In the process itself: runs the part, and goes when the comparison goes. */
export async function serveAsPart(
  start: (settings: unknown) => Promise<{ readonly port: number; readonly calls: () => number }>,
): Promise<void> {
  const tell = (said: Said): void => void process.send?.(said);
  process.once("disconnect", () => process.exit());
  try {
    const { port, calls } = await start(JSON.parse(process.argv[2] ?? "null"));
    process.on("message", () => {
      const { user, system } = process.cpuUsage();
      tell({ used: { cpu: user + system, calls: calls() } });
    });
    tell({ port });
  } catch (cause) {
    tell({ failed: cause instanceof Error ? cause.message : "a part of the comparison failed" });
  }
}
