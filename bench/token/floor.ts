// The floor under the token endpoint and its neighbours (floor-server.ts).

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Contender, freePort, here, start } from "./contender.ts";
import { sessionOf } from "./hallpass.ts";
import { seeded } from "./oidc-provider.ts";

const AUTHORIZATION = "Basic YmVuY2g6YmVuY2g=";

export async function startFloor(): Promise<Contender> {
  const port = await freePort();
  const data = mkdtempSync(join(process.env["BENCH_DATA"] ?? tmpdir(), "hallpass-bench-floor-"));
  process.once("exit", () => rmSync(data, { recursive: true, force: true }));
  const { child } = await start(["--conditions=hallpass-source", here("./floor-server.ts"), String(port), data]);
  return {
    name: "floor: node:http, ES256, fdatasync",
    process: child,
    database: undefined,
    check: {
      port,
      path: "/check",
      judges: true,
      signIn: async (count) => (await seeded(port, "cookie", count)).map((one) => `Cookie: session=${one}`),
    },
    route: undefined,
    opens: async (count) => ({
      port,
      request: {
        method: "POST",
        path: "/v1/sessions",
        headers: { Authorization: AUTHORIZATION, "Content-Type": "application/json" },
      },
      bodies: Array.from({ length: count }, () => sessionOf(randomUUID(), ["access", "refresh"])),
      expect: { status: 201, text: '"refresh_token":"' },
    }),
    tokens: {
      port,
      authorization: AUTHORIZATION,
      clientCredentials: "grant_type=client_credentials&scope=read",
      refreshTokens: (count) => seeded(port, "refresh", count),
      accessTokens: (count) => seeded(port, "access", count),
    },
  };
}
