// Web apps with one protected route, each judging its requests in its own way (bench/peers/route-server.mjs).

import { type Contender, freePort, here, start } from "./contender.ts";

export async function startRoute(name: string, kind: string): Promise<Contender> {
  const port = await freePort();
  const { child } = await start([here("../peers/route-server.mjs"), String(port), kind]);
  return {
    name,
    process: child,
    database: undefined,
    tokens: undefined,
    opens: undefined,
    check: undefined,
    route: {
      port,
      path: "/",
      judges: kind !== "bare",
      signIn: async (count) => {
        const answer = await fetch(`http://127.0.0.1:${port}/__seed?n=${count}`);
        return (await answer.json()) as readonly string[];
      },
    },
  };
}
