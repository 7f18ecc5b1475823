// A process with verifiers as the drill sees it: stopped and woken, its clocks moved, tokens shown to its verifiers.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Shown, VerifyingJob, VerifyingNews, VerifyingOrder } from "./verifying.ts";

/** How the clocks of a process are: as the machine's; with a wall clock that jumps; with a monotonic clock that stands still in its sleep. */
export type ClockKind = "true" | "jumping" | "sleeping";

export const CLOCK_KINDS: readonly ClockKind[] = ["true", "jumping", "sleeping"];

const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
/** Debian's package faketime. Without it no wall clock jumps. */
export const hasFaketime: boolean = existsSync(FAKETIME);

/** What a process gets into its environment whose wall clock stands in a file. Its monotonic clock is the machine's. */
export function fakeClock(file: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: FAKETIME,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    FAKETIME_NO_CACHE: "1",
  };
}

/** At once, or somebody reads half a number. */
export function setFakeClock(file: string, text: string): void {
  writeFileSync(`${file}.next`, text);
  renameSync(`${file}.next`, file);
}

export interface VerifyingProcess {
  readonly clock: ClockKind;
  readonly lanes: readonly number[];
  stop(): void;
  goOn(): void;
  /** Its wall clock is off by so much from now on. */
  jump(seconds: number): void;
  /** Its wall clock is as libfaketime reads this text. */
  setClock(text: string): void;
  /** Its monotonic clock did not count these milliseconds. To be said before it goes on. */
  sleptFor(ms: number): void;
  /** Settles when its verifier has accepted the token for the first time. */
  accepted(id: string, lane: number, token: string): Promise<void>;
  /** Ends the showing. */
  tell(id: string): Promise<Shown>;
  end(): void;
}

/** `tree`: the root of the sources that it runs. */
export async function verifyingProcess(
  tree: string,
  directory: string,
  clock: ClockKind,
  job: Omit<VerifyingJob, "asleep">,
): Promise<VerifyingProcess> {
  const lanes = job.lanes.map(({ lane }) => lane);
  const file = join(directory, `clock-of-${lanes[0]}`);
  writeFileSync(file, clock === "jumping" ? "+0" : "0".padEnd(16));
  const env = clock === "jumping" && hasFaketime ? fakeClock(file) : {};
  const asleep = clock === "sleeping" ? file : null;
  const child = childOf(join(tree, "drills/bounded/verifying.ts"), { ...job, asleep } satisfies VerifyingJob, env);
  const accepted = new Map<string, () => void>();
  const told = new Map<string, (shown: Shown) => void>();
  let slept = 0;
  await once(child, "message");
  child.on("message", (news: VerifyingNews) => {
    if ("accepted" in news) accepted.get(news.accepted)?.();
    if (!("told" in news)) return;
    told.get(news.told.id)?.(news.told);
    told.delete(news.told.id);
    accepted.delete(news.told.id);
  });
  const order = (what: VerifyingOrder): void => void child.send(what);
  return {
    clock,
    lanes,
    stop: () => void child.kill("SIGSTOP"),
    goOn: () => void child.kill("SIGCONT"),
    jump: (seconds) => setFakeClock(file, `${seconds < 0 ? "" : "+"}${seconds}`),
    setClock: (text) => setFakeClock(file, text),
    sleptFor: (ms) => {
      slept += ms;
      writeFileSync(file, slept.toFixed(3).padEnd(16));
    },
    accepted: (id, lane, token) =>
      new Promise((resolve) => {
        accepted.set(id, resolve);
        order({ show: id, lane, token });
      }),
    tell: (id) =>
      new Promise((resolve) => {
        told.set(id, resolve);
        order({ tell: id });
      }),
    end: () => void child.kill("SIGKILL"),
  };
}

/** A program that gets its job as JSON and talks by IPC. Whatever ends this process ends it. */
export function childOf(program: string, job: unknown, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = fork(program, [JSON.stringify(job)], {
    execArgv: ["--conditions=hallpass-source"],
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  child.once("exit", () => process.off("exit", killed));
  return child;
}
