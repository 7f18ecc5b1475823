// Sessions that refresh without a pause, each one token after the other, as an app does that asks once more when it got no answer.

import { setTimeout as wait } from "node:timers/promises";
import { type Answered, ask, type Operator } from "./operator.ts";

export interface Refreshed {
  readonly refreshes: number;
  /** Got no answer, or one of 500 and more, and asked again. */
  readonly retried: number;
  /** Still had no answer then. */
  readonly errors: number;
  /** A refusal: 400 or 401. */
  readonly loggedOut: number;
  /** The answers that were no success, counted. */
  readonly codes: ReadonlyMap<string, number>;
}

export interface Refreshing {
  /** Settles when every session is open. */
  readonly began: Promise<void>;
  /** Access tokens that were issued last, by session. */
  readonly access: ReadonlyMap<number, string>;
  stop(): Promise<Refreshed>;
}

/** Milliseconds before whoever got no answer asks again: long enough for a load balancer to look elsewhere. */
const AGAIN_MS = 1000;

/** `everyMs`: how long each session rests between two refreshes. */
export function refreshing(url: string, operator: Operator, sessions: number, everyMs = 0): Refreshing {
  const access = new Map<number, string>();
  const codes = new Map<string, number>();
  const counts = { refreshes: 0, retried: 0, errors: 0, loggedOut: 0 };
  const stop = new AbortController();

  async function once(token: string): Promise<Answered | undefined> {
    const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: token });
    const signal = AbortSignal.timeout(10_000);
    return ask(`${url}/oauth2/token`, { method: "POST", body, signal }).catch((error: unknown) => {
      note(error instanceof Error ? ((error.cause as { code?: string } | undefined)?.code ?? error.name) : "thrown");
      return undefined;
    });
  }

  function note(code: string): void {
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }

  const isFailure = (answered: Answered | undefined): boolean => answered === undefined || answered.status >= 500;

  async function refresh(n: number, token: string): Promise<string | undefined> {
    let answered = await once(token);
    if (isFailure(answered)) {
      if (answered !== undefined) note(`${answered.status} ${JSON.stringify(answered.json["error_uri"] ?? null)}`);
      counts.retried += 1;
      await wait(AGAIN_MS);
      answered = await once(token);
    }
    if (answered === undefined || answered.status >= 500) {
      counts.errors += 1;
      note(`again: ${answered?.status ?? "no answer"}`);
      return token;
    }
    if (answered.status !== 200) {
      counts.loggedOut += 1;
      note(`${answered.status} ${answered.verdict ?? ""}`);
      return undefined;
    }
    counts.refreshes += 1;
    access.set(n, String(answered.json["access_token"]));
    return String(answered.json["refresh_token"]);
  }

  async function run(n: number, first: string): Promise<void> {
    let token: string | undefined = first;
    // Not all at once.
    await wait((everyMs * (n % 97)) / 97);
    while (!stop.signal.aborted && token !== undefined) {
      token = await refresh(n, token);
      if (everyMs > 0) await wait(everyMs);
    }
  }

  async function open(): Promise<Promise<void>[]> {
    const running: Promise<void>[] = [];
    for (let from = 0; from < sessions; from += 20) {
      const some = Array.from({ length: Math.min(20, sessions - from) }, (_, index) => from + index);
      const opened = await Promise.all(some.map((n) => operator.open(url, `refreshing-${n}`)));
      opened.forEach((one, index) => {
        access.set(from + index, one.access);
        running.push(run(from + index, one.refresh));
      });
    }
    return running;
  }

  const running = open();
  return {
    began: running.then(() => undefined),
    access,
    stop: async () => {
      stop.abort();
      await Promise.all(await running);
      return { ...counts, codes };
    },
  };
}
