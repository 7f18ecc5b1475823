// Web apps whose protected route looks up the session of a cookie: what /check does for an app behind a gateway, and the verifier in an app.

import { type Contender, freePort, here, type SignedInSide, start } from "./contender.ts";
import type { Database } from "./databases.ts";

export function startExpressSession(redis: Database): Promise<Contender> {
  return startSessionServer(
    `express-session (connect-redis ${redis.durability})`,
    ["express", String(redis.port)],
    redis,
  );
}

export function startFastifySession(): Promise<Contender> {
  return startSessionServer("@fastify/session (memory)", ["fastify"], undefined);
}

async function startSessionServer(
  name: string,
  kind: readonly string[],
  database: Database | undefined,
): Promise<Contender> {
  const port = await freePort();
  const { child } = await start([here("../peers/session-server.mjs"), String(port), ...kind]);
  const signIn = async (): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}/login`);
    const [cookie = ""] = answer.headers.getSetCookie();
    return `Cookie: ${cookie.split(";")[0]}`;
  };
  const side: SignedInSide = {
    port,
    path: "/check",
    judges: true,
    signIn: (count) => Promise.all(Array.from({ length: count }, signIn)),
  };
  return {
    name,
    process: child,
    database,
    tokens: undefined,
    opens: async (count) => ({
      port,
      request: { method: "GET", path: "/login", headers: {} },
      bodies: Array.from({ length: count }, () => ""),
      expect: { status: 200, text: '"ok":true' },
    }),
    check: side,
    route: side,
  };
}
