// A second listener for the metrics pages alone, without a token: for an address that only the scraper reaches. /metrics is the default
// tenant's, /metrics/{tenant} another's: no page mixes two.

import { createServer } from "node:http";
import { DEFAULT_TENANT } from "../config.ts";
import type { Services } from "../services.ts";

export interface MetricsListener {
  close(): Promise<void>;
}

export async function listenForMetrics(
  at: { readonly host: string; readonly port: number } | undefined,
  ofTenants: ReadonlyMap<string, Services["metricsPage"]>,
): Promise<MetricsListener> {
  if (at === undefined) return { close: async () => {} };
  const pages = new Map(
    [...ofTenants].map(([name, page]) => [name === DEFAULT_TENANT ? "/metrics" : `/metrics/${name}`, page]),
  );
  const server = createServer((incoming, outgoing) => {
    outgoing.shouldKeepAlive = false;
    const page = incoming.method === "GET" ? pages.get(incoming.url ?? "") : undefined;
    if (page === undefined) {
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
