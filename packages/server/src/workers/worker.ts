// What a worker does besides serving: says that it serves, drains when it is told to, and answers for all when its metrics page is asked for.

import { hostname } from "node:os";
import type { Ports } from "../host/ports.ts";
import { systemScheduler } from "../host/system-ports.ts";
import { supervisorLine, workerPlace } from "./cluster-ports.ts";
import { mergePages } from "./merge-pages.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

export interface Worker {
  /** For `startServer`. */
  readonly ports: Pick<Ports, "nodeName" | "worker" | "pageOfAll">;
  serving(): void;
  /** Lets the process end. */
  done(): void;
}

/** Its own page has to do when the supervisor does not answer. */
const ANSWER_WITHIN = 4000;

/** Undefined in a process that is no worker. `drain` may be called more than once. */
export function thisWorker(drain: () => void): Worker | undefined {
  const place = workerPlace();
  if (place === undefined) return undefined;
  const own = new Map<string, () => Promise<string>>();
  const asked = new Map<number, (texts: readonly string[]) => void>();
  let asks = 0;

  function hear(message: ToWorker): void {
    if (message.say === "drain") return drain();
    if (message.say === "pages") return asked.get(message.ask)?.(message.texts);
    const { ask } = message;
    const page = own.get(message.tenant)?.() ?? Promise.reject(new Error("no such tenant here"));
    page.then(
      (text) => tell({ say: "page", ask, text }),
      () => tell({ say: "page", ask, text: null }),
    );
  }

  const line = supervisorLine(hear);
  const tell = (message: FromWorker): void => line.tell(message);

  function all(tenant: string): Promise<readonly string[]> {
    asks += 1;
    const ask = asks;
    return new Promise((resolve) => {
      const cancel = systemScheduler.after(ANSWER_WITHIN, () => answer([]));
      const answer = (texts: readonly string[]): void => {
        cancel();
        asked.delete(ask);
        resolve(texts);
      };
      asked.set(ask, answer);
      tell({ say: "pages", ask, tenant });
    });
  }

  return {
    ports: {
      nodeName: `${hostname()}/${place}`,
      worker: String(place),
      pageOfAll: (tenant, page) => {
        own.set(tenant, page);
        return async () => {
          const texts = await all(tenant);
          return texts.length === 0 ? page() : mergePages(texts);
        };
      },
    },
    serving: () => tell({ say: "serving" }),
    done: () => line.close(),
  };
}
