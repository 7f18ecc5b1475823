// How long a request that is turned away is inside the server: from its head, when the parser has it, until its answer is handed to the
// kernel. By the wall, and by the CPU time of the main thread, which alone says something on a machine that does other things besides.
// SIGUSR2 writes them to a file, and begins anew.

import diagnostics from "node:diagnostics_channel";
import { renameSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";

export interface ShedTimes {
  readonly ms: readonly number[];
  readonly cpuMs: readonly number[];
}

interface Message {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export function watchShed(file: string): void {
  const begun = new WeakMap<IncomingMessage, readonly [wall: number, cpu: number]>();
  let times: { readonly ms: number[]; readonly cpuMs: number[] } = { ms: [], cpuMs: [] };
  diagnostics.subscribe("http.server.request.start", (message) => {
    begun.set((message as Message).request, [performance.now(), cpuMs()]);
  });
  diagnostics.subscribe("http.server.response.finish", (message) => {
    const { request, response } = message as Message;
    const start = begun.get(request);
    if (start === undefined || response.statusCode !== 503) return;
    times.ms.push(rounded(performance.now() - start[0]));
    times.cpuMs.push(rounded(cpuMs() - start[1]));
  });
  process.on("SIGUSR2", () => {
    writeFileSync(`${file}.part`, JSON.stringify(times satisfies ShedTimes));
    renameSync(`${file}.part`, file);
    times = { ms: [], cpuMs: [] };
  });
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
