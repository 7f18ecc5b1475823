// The processes in which clients race, and a heat of them: when all stand ready, all are let go, each in turn at another node.

import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Answers, Heat, Said, Told } from "./racer.ts";

export interface Raced {
  readonly answers: readonly Answers[];
  /** Whether every request had been sent before an answer to any of them was there. */
  readonly together: boolean;
}

export interface Racers {
  /** So many at once with the same request; with no regard to order. Several heats may be under way. */
  race(heat: Heat): Promise<Raced>;
  end(): void;
}

export function racers(processes: number, parallel: number, nodes: readonly string[]): Racers {
  const program = join(import.meta.dirname, "racer.ts");
  const shares = Array.from({ length: processes }, (_, index) => {
    const child = new Racer(fork(program, [], { execArgv: ["--conditions=hallpass-source"] }));
    const numbers = Array.from({ length: parallel }, (_one, n) => n).filter((n) => n % processes === index);
    return { child, nodes: numbers.map((n) => nodes[Math.floor(n / processes) % nodes.length] ?? "") };
  });
  let heats = 0;
  return {
    race: async (heat) => {
      heats += 1;
      const number = heats;
      await Promise.all(shares.map((share) => share.child.ask({ number, heat, nodes: share.nodes })));
      const said = await Promise.all(shares.map((share) => share.child.ask({ number, go: true })));
      const answered = said.filter((one) => one.kind === "answered");
      const lastSent = Math.max(...answered.map(({ sentAt }) => sentAt));
      const firstHeard = Math.min(...answered.map(({ heardAt }) => heardAt));
      return { answers: answered.flatMap(({ answers }) => answers), together: lastSent < firstHeard };
    },
    end: () => {
      for (const { child } of shares) child.end();
    },
  };
}

class Racer {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, PromiseWithResolvers<Said>>();

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (said: Said) => this.#asked.get(said.number)?.resolve(said));
    child.on("exit", (code) => {
      for (const { reject } of this.#asked.values()) reject(new Error(`a racer left with ${code}`));
    });
  }

  ask(told: Told): Promise<Said> {
    const asked = Promise.withResolvers<Said>();
    this.#asked.set(told.number, asked);
    this.#child.send(told);
    return asked.promise;
  }

  end(): void {
    this.#asked.clear();
    this.#child.disconnect();
  }
}
