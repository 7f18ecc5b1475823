// Web apps with one protected route, each judging its requests in its own way (bench/peers/route-server.mjs).

import type { ChildProcess } from "node:child_process";
import { type Contender, freePort, here, type SignedInSide, start } from "./contender.ts";

/** A contender that has a protected route and nothing else. */
export function ofRoute(name: string, server: ChildProcess, route: SignedInSide): Contender {
  return { name, process: server, database: undefined, tokens: undefined, opens: undefined, check: undefined, route };
}

export async function startRoute(name: string, kind: string): Promise<Contender> {
  const port = await freePort();
  const { child } = await start([here("../peers/route-server.mjs"), String(port), kind]);
  return ofRoute(name, child, {
    port,
    path: "/",
    judges: kind !== "bare",
    signIn: async (count) => {
      const answer = await fetch(`http://127.0.0.1:${port}/__seed?n=${count}`);
      return (await answer.json()) as readonly string[];
    },
  });
}

/** One that looks up the session of a cookie, as an app behind a gateway has it done for itself. */
export async function startCookieRoute(name: string, kind: string): Promise<Contender> {
  const contender = await startRoute(name, kind);
  return { ...contender, check: contender.route };
}
