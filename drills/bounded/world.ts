// One store, its nodes, the proxy and the processes with verifiers: started, talked to, stopped.

import { once } from "node:events";
import { join } from "node:path";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { type Operator, operatorOf } from "../nodes/operator.ts";
import { type ServingProcess, servingProcess } from "../nodes/serving-process.ts";
import type { ProxyJob, ProxyOrder } from "./proxy.ts";
import type { VerifyingJob } from "./verifying.ts";
import { CLOCK_KINDS, childOf, type VerifyingProcess, verifyingProcess } from "./verifying-process.ts";

export type StoreName = "sqlite" | "postgres";

export interface WorldSizes {
  readonly directory: string;
  readonly store: StoreName;
  readonly nodes: number;
  /** Lanes of each of the three processes with verifiers. */
  readonly lanesEach: number;
  /** The most that each verifier lets its view age, in milliseconds. */
  readonly m: number;
  /** Sources in which something is wrong: for the nodes, or for a further process with so many lanes. */
  readonly wrong?: { readonly tree: string; readonly lanes: number | "nodes" };
}

export interface World {
  readonly nodes: readonly ServingProcess[];
  readonly operator: Operator;
  readonly verifying: readonly VerifyingProcess[];
  /** The one whose sources are wrong. */
  readonly wrong: VerifyingProcess | undefined;
  readonly proxy: { stop(): void; goOn(): void; order(order: ProxyOrder): void };
  end(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "../..");
const AUDIENCE = "http://localhost:8027";
const ISSUER = "http://127.0.0.1:8026";
/** Every fifth verifier of a process pulls. */
const PULLS = 5;

export async function worldOf(sizes: WorldSizes): Promise<World> {
  const { directory, store, lanesEach, m, wrong } = sizes;
  const database = store === "postgres" ? await startPostgres() : undefined;
  const nodes: ServingProcess[] = [];
  for (let index = 0; index < sizes.nodes; index += 1) {
    const env = {
      HALLPASS_DEVELOPMENT: "true",
      HALLPASS_DATA: join(directory, `node-${index}`),
      HALLPASS_LISTEN: "127.0.0.1:0",
      HALLPASS_ISSUER: ISSUER,
      HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
      HALLPASS_LOG_LEVEL: "info",
      ...(database === undefined ? {} : { HALLPASS_STORE: database.url }),
    };
    const tree = wrong?.lanes === "nodes" ? wrong.tree : ROOT;
    nodes.push(await servingProcess(join(tree, "drills/nodes/serve.ts"), [], env));
  }
  const operator = operatorOf(join(directory, "node-0"));
  const rightLanes = lanesEach * CLOCK_KINDS.length;
  const wrongLanes = typeof wrong?.lanes === "number" ? wrong.lanes : 0;
  const job: ProxyJob = {
    lanes: rightLanes + wrongLanes,
    nodes: nodes.map(({ url }) => Number(new URL(url).port)),
  };
  const proxy = childOf(join(ROOT, "drills/bounded/proxy.ts"), job);
  const [{ ports }] = (await once(proxy, "message")) as [{ readonly ports: readonly number[] }];
  const lanesOf = (from: number, count: number): VerifyingJob["lanes"] =>
    Array.from({ length: count }, (_, index) => ({
      lane: from + index,
      port: ports[from + index] ?? 0,
      pull: from < rightLanes && index % PULLS === PULLS - 1,
    }));
  const about = { issuer: ISSUER, audience: AUDIENCE, credentials: operator.demoApi, m };
  const verifying = await Promise.all(
    CLOCK_KINDS.map((clock, index) =>
      verifyingProcess(ROOT, directory, clock, { ...about, lanes: lanesOf(index * lanesEach, lanesEach) }),
    ),
  );
  const others =
    wrong === undefined || wrongLanes === 0
      ? undefined
      : await verifyingProcess(wrong.tree, directory, "true", { ...about, lanes: lanesOf(rightLanes, wrongLanes) });
  return {
    nodes,
    operator,
    verifying,
    wrong: others,
    proxy: {
      stop: () => void proxy.kill("SIGSTOP"),
      goOn: () => void proxy.kill("SIGCONT"),
      order: (order) => void proxy.send(order),
    },
    end: async () => {
      proxy.kill("SIGKILL");
      for (const one of [...verifying, others]) one?.end();
      await Promise.all(nodes.map((one) => one.end()));
      await database?.stop();
    },
  };
}
