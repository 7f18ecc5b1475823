// oidc-provider on one of its adapters: everything in a Map, the strongest peer on the token endpoint; or in Redis, as it is deployed.

import { type Contender, freePort, here, start } from "./contender.ts";
import type { Database } from "./databases.ts";

export async function startOidcProvider(redis?: Database): Promise<Contender> {
  const port = await freePort();
  const more = redis === undefined ? [] : [String(redis.port)];
  const { child } = await start([here("../peers/oidc-provider.mjs"), String(port), ...more]);
  return {
    name: `oidc-provider (${redis === undefined ? "memory" : `Redis ${redis.durability}`})`,
    process: child,
    database: redis,
    check: undefined,
    route: undefined,
    opens: undefined,
    tokens: {
      port,
      authorization: `Basic ${Buffer.from("bench:bench-secret-bench-secret-bench-secret").toString("base64")}`,
      clientCredentials: "grant_type=client_credentials&scope=read",
      refreshTokens: (count) => seeded(port, "refresh", count),
      accessTokens: (count) => seeded(port, "access", count),
    },
  };
}

/** Tokens that a server of the bench made for nothing. */
export async function seeded(
  port: number,
  kind: "refresh" | "access" | "cookie",
  count: number,
): Promise<readonly string[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/__seed?kind=${kind}&n=${count}`);
  return (await answer.json()) as string[];
}
