// The verifier in a web app: on node:http, and by its adapter in Fastify. Its issuer is another process, whose CPU is not the route's.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Contender, freePort, here, start } from "./contender.ts";
import { AUDIENCE, noticesText, startHallpass } from "./hallpass.ts";
import { ofRoute } from "./route-servers.ts";

const NAMES = { http: "Hallpass verifier on node:http", fastify: "Hallpass verifier in Fastify" } as const;

export async function startHallpassRoute(kind: keyof typeof NAMES, notices?: number): Promise<Contender> {
  const issuer = await startHallpass(undefined, notices);
  const { tokens, data } = issuer;
  const port = await freePort();
  const credentials = readFileSync(join(data, "demo-api-credentials"), "utf8").trim();
  const given = { port, kind, issuer: `http://127.0.0.1:${tokens.port}`, audience: AUDIENCE, credentials };
  const { child } = await start(["--conditions=hallpass-source", here("./route-server.ts"), JSON.stringify(given)]);
  // What ends the contender ends its issuer.
  child.once("exit", () => issuer.process.kill("SIGKILL"));
  return ofRoute(`${NAMES[kind]}${noticesText(notices)}`, child, {
    port,
    path: "/",
    judges: true,
    signIn: async (count) => (await tokens.accessTokens(count)).map((token) => `Authorization: Bearer ${token}`),
  });
}
