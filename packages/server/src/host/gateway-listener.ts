// A listener for gateways alone, without a token: for an address that only they reach, because what they say about a request is believed.
// /check is the default tenant's, /check/{tenant} another's. Heads may be as large as any gateway lets in: refusing one here would look
// like a failure of ours. Requests that have arrived together are answered in a row, as those of everybody else (in-a-row.ts).

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { DEFAULT_TENANT } from "../config.ts";
import type { Check } from "../gateway/check.ts";
import { headerList } from "./header-list.ts";
import type { Row } from "./in-a-row.ts";

export interface GatewayListener {
  /** Null when there is none. */
  readonly url: string | null;
  /** Lets requests under way end, for at most `ms`; then cuts what is left. Never hangs. */
  close(ms: number): Promise<void>;
}

const HEADER_BYTES = 65_536;
const MAX_HEADERS = 200;
/** Milliseconds between two looks at idle connections while closing. */
const LOOK_EVERY = 20;

export async function listenForGateways(
  at: { readonly host: string; readonly port: number } | undefined,
  ofTenants: ReadonlyMap<string, Check>,
  row: Pick<Row, "wait">,
): Promise<GatewayListener> {
  if (at === undefined) return { url: null, close: async () => {} };
  const checks = new Map(
    [...ofTenants].map(([name, check]) => [name === DEFAULT_TENANT ? "/check" : `/check/${name}`, check]),
  );
  const server = createServer({ maxHeaderSize: HEADER_BYTES, keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
    incoming.resume();
    if (incoming.rawHeaders.length > 2 * MAX_HEADERS) {
      outgoing.writeHead(431).end();
      return;
    }
    const { url = "" } = incoming;
    const question = url.indexOf("?");
    const check = checks.get(question === -1 ? url : url.slice(0, question));
    if (check === undefined) {
      outgoing.writeHead(404).end();
      return;
    }
    const query = question === -1 ? "" : url.slice(question + 1);
    row.wait(() => {
      check(query, (name) => valuesOf(incoming, name))
        .then(({ status, headers, body }) => {
          const length = body === null ? 0 : Buffer.byteLength(body);
          outgoing.writeHead(status, headerList(headers, length)).end(body ?? undefined);
        })
        // An answer that can't be written ends its connection, and not the process.
        .catch(() => incoming.socket.destroy());
    });
  });
  // None is left out by the parser: what it left out could be what the gateway says.
  server.maxHeadersCount = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${at.host.includes(":") ? `[${at.host}]` : at.host}:${port}`,
    close: async (ms) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A connection whose answer is still under way is idle once that answer is out.
      const idle = setInterval(() => server.closeIdleConnections(), LOOK_EVERY);
      const limit = setTimeout(() => server.closeAllConnections(), ms);
      await closed;
      clearInterval(idle);
      clearTimeout(limit);
    },
  };
}

/** As they were sent: of several lines of one name Node would choose. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const written = rawHeaders[at] ?? "";
    if (written.length === name.length && written.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? "");
  }
  return values;
}
