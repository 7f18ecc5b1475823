// A server with many sessions on SQLite, for the measurement: `server.ts DATA SESSIONS MATCHING HOLDERS`.
// Says where it listens, the operator's credentials, and refresh tokens of sessions that no query of the measurement means.

import { openSession, parseClientId, parseSubjectId } from "@hallpass/core";
import { loadConfig, startServer } from "@hallpass/server";

const [data = "", sessions = "0", matching = "0", holders = "0"] = process.argv.slice(2);
const over = { development: "true", listen: "127.0.0.1:0", data, log_level: "silent" };
const loaded = loadConfig({ env: {}, over });
if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
const server = await startServer(loaded.config);

async function open(n: number, isMeant: boolean, refresh: boolean): Promise<string> {
  const [subject, client] = [parseSubjectId(`u-${n}`), parseClientId("demo")];
  if (subject === undefined || client === undefined) throw new Error("a name is malformed");
  const answer = await openSession(server.services, {
    subject,
    client,
    issue: { access: false, refresh },
    audience: undefined,
    scope: undefined,
    acr: null,
    amr: [],
    authTime: null,
    policy: undefined,
    remember: false,
    parent: null,
    replaces: null,
    device: { name: "phone", userAgent: "Mozilla/5.0", ip: isMeant ? "203.0.113.7" : "198.51.100.7" },
    claims: {},
    actor: null,
    idempotency: null,
  });
  if (!answer.ok) throw new Error(answer.code);
  return answer.value.tokens.refresh?.reveal() ?? "";
}

const every = Math.round(Number(sessions) / Number(matching));
for (let from = 0; from < Number(sessions); from += 256) {
  const some = Array.from({ length: Math.min(256, Number(sessions) - from) }, (_, index) => from + index);
  await Promise.all(some.map((n) => open(n, n % every === 0, false)));
}
const tokens: string[] = [];
for (let n = 0; n < Number(holders); n += 1) tokens.push(await open(Number(sessions) + n, false, true));
process.stdout.write(`${JSON.stringify({ url: server.url, operator: server.operatorCredentials, tokens })}\n`);
