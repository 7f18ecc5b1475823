// Asks one of the services, as its users would, and reads when and from how old a view it decided.

import { Agent, request } from "node:http";
import type { VerifierProcess } from "./processes.ts";

export interface Reply {
  readonly status: number;
  /** Machine time of the decision, in milliseconds. */
  readonly decided: number;
  /** The same by the wall clock, to compare with a receipt. */
  readonly decidedWall: number;
  readonly viewAgeMs: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Rejects when no answer came in time. */
export function ask({ port }: VerifierProcess, token: string, withinMs = 10_000): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, agent, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        response.resume();
        const number = (name: string): number => Number(response.headers[name]);
        resolve({
          status: response.statusCode ?? 0,
          decided: number("x-decided"),
          decidedWall: number("x-decided-wall"),
          viewAgeMs: number("x-view-age"),
        });
      },
    );
    asked.setTimeout(withinMs, () => asked.destroy(new Error(`no answer within ${withinMs} ms`)));
    asked.on("error", reject);
    asked.end();
  });
}

export function stopAsking(): void {
  agent.destroy();
}
