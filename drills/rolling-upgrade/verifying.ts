// Verifiers that are asked about live tokens again and again, each about every session's newest.

import { setTimeout as wait } from "node:timers/promises";
import { ask } from "../nodes/operator.ts";
import type { ServingProcess } from "../nodes/serving-process.ts";

export interface Said {
  readonly kind: string;
  readonly code: string | null;
}

export interface Judged {
  readonly accepted: number;
  readonly refused: number;
  readonly unavailable: number;
  /** Of the refusals. */
  readonly codes: ReadonlySet<string>;
}

export interface Verifying {
  of(token: string): Promise<readonly Said[]>;
  stop(): Promise<Judged>;
}

/** Milliseconds between two questions to a verifier. */
const EVERY = 10;

export function verifying(verifiers: readonly ServingProcess[], access: ReadonlyMap<number, string>): Verifying {
  const stop = new AbortController();
  const counts = { accepted: 0, refused: 0, unavailable: 0 };
  const codes = new Set<string>();

  async function judge(verifier: ServingProcess, token: string): Promise<Said> {
    return (await ask(verifier.url, { method: "POST", body: token })).json as unknown as Said;
  }

  async function run(verifier: ServingProcess): Promise<void> {
    for (let turn = 0; !stop.signal.aborted; turn += 1) {
      const token = access.get(turn % Math.max(1, access.size));
      if (token !== undefined) {
        const { kind, code } = await judge(verifier, token);
        if (kind === "accepted") counts.accepted += 1;
        else if (kind === "unavailable") counts.unavailable += 1;
        else {
          counts.refused += 1;
          codes.add(code ?? kind);
        }
      }
      await wait(EVERY);
    }
  }

  const running = verifiers.map(run);
  return {
    of: (token) => Promise.all(verifiers.map((verifier) => judge(verifier, token))),
    stop: async () => {
      stop.abort();
      await Promise.all(running);
      return { ...counts, codes };
    },
  };
}
