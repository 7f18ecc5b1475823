// The floor of start.ts: a new process that asks the same questions and reads every byte of the answers, and does nothing with them. No
// verifier that asks so can be faster.
//   argv: issuer, client id, client secret, "push" or "pull"

import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { FEED_SUBPROTOCOL, PACKED_FRAMES_TYPE, PACKED_VERSION } from "@hallpass/protocol";

const [issuer = "", clientId = "", clientSecret = "", feed = "pull"] = process.argv.slice(2);
const [began, used] = [performance.now(), process.cpuUsage()];
const bearer = await ask("/oauth2/token", "grant_type=client_credentials&scope=feed", {
  authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
  "content-type": "application/x-www-form-urlencoded",
});
const { access_token: token } = JSON.parse(bearer.toString()) as { readonly access_token: string };
const n = randomBytes(16).toString("base64url");
const hello = JSON.stringify({
  type: "hello",
  feed: 1,
  instance: n,
  service: "floor",
  version: "1",
  after: null,
  max_staleness_ms: 60_000,
  on_stale: "unavailable",
});
const ping = (applied: string): string => JSON.stringify({ type: "ping", n, applied, keys: 0 });
if (feed === "push") await listen();
else
  await ask("/v1/feed", `${hello}\n${ping("1.0")}`, {
    authorization: `Bearer ${token}`,
    "content-type": "application/x-ndjson",
    accept: PACKED_FRAMES_TYPE,
  });
const { user, system } = process.cpuUsage(used);
const wall = performance.now() - began;
const { rss, heapUsed: heap } = process.memoryUsage();
process.send?.([{ wall, cpu: (user + system) / 1000, rss, heap }]);

/** Up to the answer to a ping that is sent after the last part of the snapshot; parts come as bytes from a server that packs them. */
function listen(): Promise<void> {
  const init: unknown = { protocols: [FEED_SUBPROTOCOL], headers: { authorization: `Bearer ${token}` } };
  const socket = new WebSocket(`${issuer.replace("http", "ws")}/v1/feed`, init as string[]);
  return new Promise((resolve, reject) => {
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(hello.replace("{", `{"packed":${PACKED_VERSION},`));
    socket.onerror = () => reject(new Error("the feed ended"));
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      const start =
        data instanceof ArrayBuffer ? Buffer.from(data, 0, 80).toString("latin1") : String(data).slice(0, 60);
      if (/"type":"snapshot".*"last":true/.test(start)) socket.send(ping("1.0"));
      if (!start.includes('"type":"head"')) return;
      resolve();
      socket.close();
    };
  });
}

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
