// The floor of pull.ts: a new process that asks the same two questions through node:http and reads every byte of the answers, and does
// nothing with them. No verifier that asks so can be faster.
//   argv: issuer, client id, client secret

import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { PACKED_FRAMES_TYPE } from "@hallpass/protocol";

const [issuer = "", clientId = "", clientSecret = ""] = process.argv.slice(2);
const [began, used] = [performance.now(), process.cpuUsage()];
const bearer = await ask("/oauth2/token", "grant_type=client_credentials&scope=feed", {
  authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
  "content-type": "application/x-www-form-urlencoded",
});
const { access_token: token } = JSON.parse(bearer.toString()) as { readonly access_token: string };
const n = randomBytes(16).toString("base64url");
const hello = { type: "hello", feed: 1, instance: n, service: "floor", version: "1", after: null };
const frames = [
  { ...hello, max_staleness_ms: 60_000, on_stale: "unavailable" },
  { type: "ping", n, applied: "1.0", keys: 0 },
];
await ask("/v1/feed", frames.map((frame) => JSON.stringify(frame)).join("\n"), {
  authorization: `Bearer ${token}`,
  "content-type": "application/x-ndjson",
  accept: PACKED_FRAMES_TYPE,
});
const { user, system } = process.cpuUsage(used);
const now = performance.now();
process.send?.([{ wall: now - began, cpu: (user + system) / 1000, sinceStart: now }]);

function ask(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asking = request(`${issuer}${path}`, { method: "POST", headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        if (incoming.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`${path} answered ${incoming.statusCode}`));
      });
    });
    asking.on("error", reject).end(body);
  });
}
