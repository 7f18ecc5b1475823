// One server with its store, a proxy in front of it and verifiers behind it, of which one process has a clock that stands in a file.

import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startPostgres } from "@hallpass/store-postgres/testing";
import type { ProxyJob, ProxyOrder } from "../bounded/proxy.ts";
import {
  childOf,
  fakeClock,
  setFakeClock,
  type VerifyingProcess,
  verifyingProcess,
} from "../bounded/verifying-process.ts";
import { type Operator, operatorOf } from "../nodes/operator.ts";
import { servingProcess } from "../nodes/serving-process.ts";

/** Whose clock is wrong. `server` has its store on SQLite, and gives it its time. */
export type Whose = "server" | "node" | "database" | "verifier";

export interface Ground {
  readonly url: string;
  /** With a bearer that is asked for anew: one of before is over, or not yet valid, where the clock is wrong. */
  operator(): Operator;
  readonly verifying: VerifyingProcess;
  /** The one that is wrong in itself. */
  readonly wrong: VerifyingProcess | undefined;
  /** Whether the clock that is wrong is the store's. */
  readonly storeFollows: boolean;
  setClock(text: string): void;
  order(order: ProxyOrder): void;
  end(): Promise<void>;
}

export const LANE = 0;
export const WRONG_LANE = 1;
const ISSUER = "http://127.0.0.1:8026";

export async function groundOf(whose: Whose, directory: string, m: number, wrongTree: string): Promise<Ground> {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const file = join(directory, "clock");
  writeFileSync(file, "+0", { mode: 0o644 });
  const database = whose === "node" || whose === "database" ? await databaseOf(whose, file) : undefined;
  const node = await servingProcess(join(import.meta.dirname, "../nodes/serve.ts"), [], {
    HALLPASS_DEVELOPMENT: "true",
    HALLPASS_DATA: join(directory, "data"),
    HALLPASS_LISTEN: "127.0.0.1:0",
    HALLPASS_ISSUER: ISSUER,
    HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
    HALLPASS_LOG_LEVEL: "info",
    ...(database === undefined ? {} : { HALLPASS_STORE: database.url }),
    ...(whose === "server" || whose === "node" ? fakeClock(file) : {}),
  });
  const operator = (): Operator => operatorOf(join(directory, "data"));
  const job: ProxyJob = { lanes: 2, nodes: [Number(new URL(node.url).port)] };
  const proxy = childOf(join(import.meta.dirname, "../bounded/proxy.ts"), job);
  const [{ ports }] = (await once(proxy, "message")) as [{ readonly ports: readonly number[] }];
  const about = { issuer: ISSUER, audience: "http://localhost:8027", credentials: operator().demoApi, m };
  const clock = whose === "verifier" ? "jumping" : "true";
  const on = (tree: string, lane: number): Promise<VerifyingProcess> =>
    verifyingProcess(tree, directory, clock, { ...about, lanes: [{ lane, port: ports[lane] ?? 0, pull: false }] });
  const verifying = await on(join(import.meta.dirname, "../.."), LANE);
  const wrong = whose === "verifier" ? await on(wrongTree, WRONG_LANE) : undefined;
  return {
    url: node.url,
    operator,
    verifying,
    wrong,
    storeFollows: whose === "server" || whose === "database",
    setClock: (text) => {
      if (whose !== "verifier") return setFakeClock(file, text);
      for (const one of [verifying, wrong]) one?.setClock(text);
    },
    order: (order) => void proxy.send(order),
    end: async () => {
      for (const one of [verifying, wrong]) one?.end();
      proxy.kill("SIGKILL");
      await node.end();
      await database?.stop();
    },
  };
}

/** A database gets its clock as every program here: by its environment, which it takes from this process. */
async function databaseOf(whose: Whose, file: string): ReturnType<typeof startPostgres> {
  if (whose !== "database") return startPostgres();
  const clock = fakeClock(file);
  Object.assign(process.env, clock);
  try {
    return await startPostgres();
  } finally {
    for (const name of Object.keys(clock)) delete process.env[name];
  }
}
