// Stores of a size, filled as the code writes them, and nodes that serve them.

import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseTenantId } from "@hallpass/core";
import { freePort } from "@hallpass/store-postgres/testing";
import { operatorOf } from "../../drills/nodes/operator.ts";
import { type ServingProcess, servingProcess } from "../../drills/nodes/serving-process.ts";
import { say } from "../measured.ts";
import { type Crowd, crowdIn, readUpTo } from "./crowd.ts";
import { type Place, postgresPlace, sqlitePlace } from "./place.ts";

const KEK = Buffer.alloc(32, 7);
const NODE = join(import.meta.dirname, "../../drills/nodes/serve.ts");
/** Sessions of each store that are compared with what the code writes. */
const CHECKED = 200;

export interface Filled {
  readonly size: number;
  readonly place: Place;
  readonly issuer: string;
  readonly crowd: Crowd;
}

/** That many sessions, and one that a node has opened. */
export async function filled(kind: string, size: number): Promise<Filled> {
  const place = await (kind === "postgres" ? postgresPlace() : sqlitePlace());
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const first = await started(place, issuer);
  await operatorOf(place.data).open(first.url, "the-first");
  await wait(1000);
  await first.end("SIGTERM");
  const tenant = parseTenantId("default");
  if (tenant === undefined) throw new Error("there is no such tenant");
  const store = await place.open();
  const crowd = await crowdIn(store, { tenant, issuer, kek: KEK, size });
  await store.close();
  if (size === 0) return { size, place, issuer, crowd };
  const began = performance.now();
  const cursor = await place.fill(crowd, size, (n) => say(`${kind}: ${n} of ${size}`));
  say(`${kind}: ${size} sessions in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  const full = await place.open();
  await readUpTo(full, tenant, cursor);
  for (let n = 0; n < size; n += Math.ceil(size / CHECKED)) await crowd.check(full, n);
  await full.close();
  return { size, place, issuer, crowd };
}

export function started(place: Place, issuer: string): Promise<ServingProcess> {
  return servingProcess(NODE, [], {
    HALLPASS_DEVELOPMENT: "true",
    HALLPASS_ISSUER: issuer,
    HALLPASS_LISTEN: issuer.slice("http://".length),
    HALLPASS_DATA: place.data,
    HALLPASS_KEK: KEK.toString("base64url"),
    HALLPASS_LOG_LEVEL: "info",
    ...place.env,
  });
}
