// Workers by Node's cluster: the port is opened once, and whoever is next gets the connection. A worker runs the same command as its
// supervisor; one whose supervisor is gone ends.

import cluster from "node:cluster";
import { systemClock, systemScheduler } from "../host/system-ports.ts";
import { isFromWorker, isToWorker, type ToWorker } from "./messages.ts";
import { type Supervisor, type SupervisorPorts, supervise } from "./supervisor.ts";

/** The environment of a worker says its place; a configuration has no such key. */
const PLACE = "WORKER_PLACE";

/** The place of this process among the workers, from 1 on; undefined for one that is none. */
export function workerPlace(): number | undefined {
  return cluster.isWorker ? Number(process.env[PLACE]) : undefined;
}

const startWorker: SupervisorPorts["start"] = (place, heard, exited) => {
  const worker = cluster.fork({ [PLACE]: String(place) });
  worker.on("message", (message: unknown) => {
    if (isFromWorker(message)) heard(message);
  });
  worker.on("exit", (code: number | null, signal: string | null) => exited(signal === null ? code : null));
  // A worker that dies while it is spoken to is heard of by its exit.
  worker.on("error", () => undefined);
  return {
    send: (message) => {
      if (worker.isConnected()) worker.send(message, () => undefined);
    },
    kill: () => void worker.process.kill("SIGKILL"),
  };
};

export type SuperviseOptions = Pick<SupervisorPorts, "told">;

/** So many workers, each of which runs this process's own command again. Call it in a process that is no worker. */
export function superviseWorkers(count: number, { told }: SuperviseOptions): Supervisor {
  return supervise(count, { clock: systemClock, scheduler: systemScheduler, start: startWorker, told });
}

export interface SupervisorLine {
  tell(message: object): void;
  close(): void;
}

/** A worker's line to its supervisor. */
export function supervisorLine(hear: (message: ToWorker) => void): SupervisorLine {
  process.on("message", (message: unknown) => {
    if (isToWorker(message)) hear(message);
  });
  return {
    tell: (message) => void process.send?.(message, () => undefined),
    close: () => cluster.worker?.disconnect(),
  };
}
