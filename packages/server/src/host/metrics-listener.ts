// A second listener for the metrics page alone, without a token: for an address that only the scraper reaches.

import { createServer } from "node:http";
import type { Services } from "../services.ts";

export interface MetricsListener {
  close(): Promise<void>;
}

export async function listenForMetrics(
  at: { readonly host: string; readonly port: number } | undefined,
  page: Services["metricsPage"],
): Promise<MetricsListener> {
  if (at === undefined) return { close: async () => {} };
  const server = createServer((incoming, outgoing) => {
    outgoing.shouldKeepAlive = false;
    if (incoming.method !== "GET" || incoming.url !== "/metrics") {
      outgoing.writeHead(404).end();
      return;
    }
    page().then(
      ({ text, type }) => outgoing.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(text),
      () => outgoing.writeHead(500).end(),
    );
  });
  server.requestTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
