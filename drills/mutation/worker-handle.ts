// One worker as its owner sees it: asked one thing at a time, ended when it says nothing for too long.

import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { root } from "./mutants.ts";
import type { Answer as Said, Told } from "./told.ts";

export type Answer = Exclude<Said, { readonly kind: "begins" }>;

export interface Worker {
  /** "silent": nothing was said in time, or the process died; it is ended then, and nothing can be asked any more. */
  readonly ask: (told: Told, limitMs: number) => Promise<Answer | "silent">;
  readonly end: () => void;
}

export function startWorker(): Worker {
  const child: ChildProcess = fork(join(import.meta.dirname, "worker.ts"), {
    cwd: root,
    execArgv: ["--conditions=hallpass-source", "--max-old-space-size=1500", "--disable-warning=ExperimentalWarning"],
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: join(root, "node_modules/.cache/hallpass-mutation"),
    },
    serialization: "advanced",
    stdio: ["ignore", "ignore", process.env["HALLPASS_MUTATION_SPEAK"] === undefined ? "ignore" : "inherit", "ipc"],
  });
  const end = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", end);
  child.once("close", () => process.removeListener("exit", end));
  const ask = (told: Told, limitMs: number): Promise<Answer | "silent"> =>
    new Promise((resolve) => {
      const done = (answer: Answer | "silent"): void => {
        clearTimeout(timer);
        child.off("message", hear).off("close", gone);
        resolve(answer);
      };
      const gone = (): void => done("silent");
      const wait = (ms: number): NodeJS.Timeout =>
        setTimeout(() => {
          end();
          done("silent");
        }, ms);
      const hear = (said: Said): void => {
        if (said.kind !== "begins") return done(said);
        clearTimeout(timer);
        timer = wait(said.limitMs);
      };
      let timer = wait(limitMs);
      child.on("message", hear).on("close", gone);
      if (child.connected) child.send(told, (error) => (error === null ? undefined : gone()));
      else gone();
    });
  return { ask, end };
}
