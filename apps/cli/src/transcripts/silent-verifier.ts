// A verifier that joins the fleet, gets one lease, and says nothing more: what a receipt has to wait for.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeBase64url, FEED_SUBPROTOCOL, parseServerFrame } from "@hallpass/protocol";

/** Resolves when it holds a lease. Closing the socket is up to the caller. */
export async function joinSilently(url: string, data: string): Promise<WebSocket> {
  const init: unknown = {
    protocols: [FEED_SUBPROTOCOL],
    headers: { authorization: `Bearer ${await bearer(url, data)}` },
  };
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/feed`, init as string[]);
  const send = (frame: object): void => socket.send(JSON.stringify(frame));
  const hello = { feed: 1, instance: "silent-1", service: "billing", version: "test/1", after: null };
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () =>
      send({ type: "hello", ...hello, max_staleness_ms: 60_000, on_stale: "unavailable" }),
    );
    socket.addEventListener("close", ({ code }) => reject(new Error(`closed with ${code}`)));
    let keys = 0;
    socket.addEventListener("message", ({ data: text }: { readonly data: unknown }) => {
      const frame = parseServerFrame(String(text));
      if (frame?.type === "keys") keys = frame.version;
      if (frame?.type === "snapshot" && frame.last) {
        const applied = `${frame.to.epoch}.${frame.to.seq}`;
        send({ type: "ping", n: encodeBase64url(crypto.getRandomValues(new Uint8Array(16))), applied, keys });
      }
      if (frame?.type === "head") resolve();
    });
  });
  return socket;
}

async function bearer(url: string, data: string): Promise<string> {
  const credentials = readFileSync(join(data, "demo-api-credentials"), "utf8").trim();
  const response = await fetch(`${url}/oauth2/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "feed" }),
  });
  const { access_token: token } = (await response.json()) as { readonly access_token: string };
  return token;
}
