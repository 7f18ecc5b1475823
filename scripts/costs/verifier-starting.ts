// The other process of verifier-starts.ts: a verifier that starts, and tells what that took. V8 only interprets (heap.ts).
//   argv: issuer, client id, client secret, "push" or "pull"

import diagnostics from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { createVerifier } from "@hallpass/verifier";
import { bytesAllocated } from "./heap.ts";

const [issuer = "", clientId = "", clientSecret = "", feed = ""] = process.argv.slice(2);
const sockets: Socket[] = [];
let [requests, texts, characters] = [0, 0, 0];
diagnostics.subscribe("net.client.socket", (message) => sockets.push((message as { readonly socket: Socket }).socket));
for (const channel of ["http.client.request.start", "undici:request:create"])
  diagnostics.subscribe(channel, () => {
    requests += 1;
  });
const parse = JSON.parse;
JSON.parse = (text: string, ...rest: []) => {
  texts += 1;
  characters += text.length;
  return parse(text, ...rest);
};
const before = bytesAllocated();
const verifier = createVerifier({
  issuer,
  audience: "https://api.example",
  credentials: { clientId, clientSecret },
  service: "costs",
  feed: feed === "pull" ? "pull" : "push",
});
await verifier.ready();
const received = sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
process.send?.([requests, received / 1000, texts, characters / 1000, (bytesAllocated() - before) / 1000]);
verifier.close();
process.disconnect?.();
