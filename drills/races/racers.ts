// The processes in which clients race, and a heat of them: all ask at once, each in turn at another node.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Answered } from "../nodes/operator.ts";
import type { Heat } from "./racer.ts";

export interface Racers {
  /** So many at once with the same request; with no regard to order. */
  race(heat: Omit<Heat, "nodes">): Promise<readonly Answered[]>;
  end(): void;
}

export function racers(processes: number, parallel: number, nodes: readonly string[]): Racers {
  const program = join(import.meta.dirname, "racer.ts");
  const own = Array.from({ length: processes }, () =>
    fork(program, [], { execArgv: ["--conditions=hallpass-source"] }),
  );
  const shares = own.map((child, index) => {
    const numbers = Array.from({ length: parallel }, (_, n) => n).filter((n) => n % processes === index);
    return { child, nodes: numbers.map((n) => nodes[Math.floor(n / processes) % nodes.length] ?? "") };
  });
  return {
    race: async (heat) => (await Promise.all(shares.map((share) => asked(share.child, { ...heat, ...share })))).flat(),
    end: () => {
      for (const child of own) child.disconnect();
    },
  };
}

async function asked(child: ChildProcess, { path, headers, body, nodes }: Heat): Promise<readonly Answered[]> {
  const answered = once(child, "message");
  child.send({ path, headers, body, nodes } satisfies Heat);
  const [answers] = (await answered) as [readonly Answered[]];
  return answers;
}
