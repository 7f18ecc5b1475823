// The requests of a comparison: as many in each second as were asked for, whether or not the ones before have been answered.

import { Agent, get } from "node:http";

/** So late at most is a request because of this process alone, where it has a core. */
const TICK_MS = 1;
/** Beyond that nothing more is sent: the machine can't do what was asked for, and the figures say so. */
const MOST_OPEN = 2000;

/** The status of an answer; 0 without one. */
export type Ask = (token: string) => Promise<number>;

export function asking(port: number): Ask {
  const agent = new Agent({ keepAlive: true });
  return (token) =>
    new Promise((resolve) => {
      const options = { host: "127.0.0.1", port, agent, headers: { authorization: `Bearer ${token}` } };
      const sent = get(options, (answer) => {
        answer.resume().on("end", () => resolve(answer.statusCode ?? 0));
      });
      sent.on("error", () => resolve(0));
    });
}

export interface Load {
  /** Milliseconds of each answer, from the moment at which its request was due. */
  readonly ms: readonly number[];
  readonly accepted: number;
  /** Neither accepted nor refused. */
  readonly failed: number;
  /** Due, and not sent because too many waited. */
  readonly unsent: number;
}

export interface Traffic {
  /** Ends it when all have been answered. */
  stop(): Promise<Load>;
}

/**
 * The tokens of the first so many of them, round and round. Those behind take the places of whoever is taken out: however many are revoked, as
 * many tokens as before are in use.
 */
export function inTurn(holders: readonly { readonly token: string }[], count: number): () => string {
  let turn = 0;
  return () => holders[turn++ % count]?.token ?? "";
}

/** `next` is the token of the next request. */
export function startTraffic(ask: Ask, perSecond: number, next: () => string): Traffic {
  const began = performance.now();
  const ms: number[] = [];
  const under = new Set<Promise<void>>();
  let [sent, accepted, failed, unsent] = [0, 0, 0, 0];

  async function one(due: number): Promise<void> {
    const status = await ask(next());
    ms.push(performance.now() - due);
    if (status === 200) accepted += 1;
    else if (status !== 401) failed += 1;
  }

  const timer = setInterval(() => {
    for (; sent < ((performance.now() - began) * perSecond) / 1000; sent += 1) {
      if (under.size >= MOST_OPEN) {
        unsent += 1;
        continue;
      }
      const asked: Promise<void> = one(began + (sent * 1000) / perSecond).finally(() => under.delete(asked));
      under.add(asked);
    }
  }, TICK_MS);

  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(under);
      return { ms, accepted, failed, unsent };
    },
  };
}

const WARMED_AT_ONCE = 16;

/**
 * One after another on each of a few connections, until so many were asked or the time is over: a service has run for longer than its first
 * second, and code that was seen too seldom is not compiled yet. Answers how many were asked.
 */
export async function warm(ask: Ask, next: () => string, most: number, withinMs: number): Promise<number> {
  const end = performance.now() + withinMs;
  let asked = 0;
  const one = async (): Promise<void> => {
    while (asked < most && performance.now() < end) {
      asked += 1;
      await ask(next());
    }
  };
  await Promise.all(Array.from({ length: WARMED_AT_ONCE }, one));
  return asked;
}
