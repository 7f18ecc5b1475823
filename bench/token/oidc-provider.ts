// oidc-provider with everything in memory: the strongest peer on the token endpoint.

import { type Contender, freePort, here, start } from "./contender.ts";

export async function startOidcProvider(): Promise<Contender> {
  const port = await freePort();
  const { child } = await start([here("../peers/oidc-provider.mjs"), String(port)]);
  return {
    name: "oidc-provider (memory, ES256 JWT)",
    port,
    process: child,
    authorization: `Basic ${Buffer.from("bench:bench-secret-bench-secret-bench-secret").toString("base64")}`,
    clientCredentials: "grant_type=client_credentials&scope=read",
    refreshTokens: async (count) =>
      (await (await fetch(`http://127.0.0.1:${port}/__seed?n=${count}`)).json()) as string[],
  };
}
