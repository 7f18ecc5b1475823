// The other process of push.ts: opens connections to a feed and tells when each notice reached each of them.
//   argv: port, bearer, connections

import { once } from "node:events";
import { WebSocket } from "ws";

const [port = "", token = "", count = "1"] = process.argv.slice(2);
const connections = Number(count);
let arrivals: bigint[] = [];

function tell(message: object): void {
  process.send?.(message);
}

async function subscribe(instance: string): Promise<void> {
  const options = { headers: { authorization: `Bearer ${token}` }, perMessageDeflate: false };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/feed`, "hallpass.feed.1", options);
  await once(socket, "open");
  const ready = Promise.withResolvers<void>();
  let pings = 0;
  socket.on("message", (data: Buffer) => {
    const arrived = process.hrtime.bigint();
    const frame = JSON.parse(data.toString());
    if (frame.type === "notices") {
      arrivals.push(arrived);
      if (arrivals.length === connections) {
        tell({ at: arrivals.map(String) });
        arrivals = [];
      }
    }
    if (frame.type === "snapshot" && frame.last) ready.resolve();
    if (frame.type !== "notices" && frame.type !== "snapshot") return;
    pings += 1;
    const n = String(pings).padStart(21, "x").concat("A");
    socket.send(JSON.stringify({ type: "ping", n, applied: frame.to, keys: 1 }));
  });
  const rest = { service: "bench", version: "1", after: null, max_staleness_ms: 60_000, on_stale: "unavailable" };
  socket.send(JSON.stringify({ type: "hello", feed: 1, instance, ...rest }));
  await ready.promise;
}

for (let index = 0; index < connections; index += 1) await subscribe(`bench-${index}`);
tell({ ready: true });
