// A whole server on SQLite in a directory of its own, reached over a socket, with a clock that is handed in: what journeys travel on.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Instant } from "@hallpass/core";
import type { Name } from "../config-schema.ts";
import type { Ports } from "../host/ports.ts";
import { systemClock } from "../host/system-ports.ts";
import { type RunningServer, startServer } from "../main.ts";
import { basicHeader, configOf, ISSUER, type Received, received, requestOf, type Sent } from "./scene.ts";

export interface Journey {
  readonly data: string;
  readonly server: RunningServer;
  /** Everything that was logged, line by line. */
  readonly lines: readonly string[];
  /** Moves the wall clock; the other one goes its own way. */
  readonly advance: (ms: number) => void;
  readonly send: (sent: Sent) => Promise<Received>;
  /** With the operator's token. */
  readonly operate: (sent: Sent) => Promise<Received>;
  readonly signIn: (
    subject?: string,
  ) => Promise<{ readonly sid: string; readonly access: string; readonly refresh: string }>;
  readonly refresh: (token: string) => Promise<Received>;
  /** Stops the server and starts it again on the same data. */
  readonly restart: () => Promise<void>;
  readonly end: () => Promise<void>;
}

export async function journey(
  more: Partial<Ports> = {},
  settings: Partial<Record<Name, string>> = {},
): Promise<Journey> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-journey-"));
  const lines: string[] = [];
  let ahead = 0;
  const ports: Partial<Ports> = {
    clock: { now: () => (systemClock.now() + ahead) as Instant, monotonic: () => systemClock.monotonic() },
    logTo: { write: (line) => lines.push(line) },
    ...more,
  };
  const config = configOf({ data, issuer: ISSUER, log_level: "debug", ...settings });
  let server = await startServer(config, ports);

  async function send(sent: Sent): Promise<Received> {
    return received(await fetch(requestOf(sent, server.url)));
  }
  async function operate(sent: Sent): Promise<Received> {
    const credentials = readFileSync(join(data, "operator-credentials"), "utf8").trim();
    const form = { grant_type: "client_credentials" };
    const { json } = await send({ path: "/oauth2/token", headers: basicHeader(credentials), form });
    const authorization = `Bearer ${String(json["access_token"])}`;
    return send({ ...sent, headers: { authorization, ...sent.headers } });
  }
  return {
    data,
    lines,
    get server() {
      return server;
    },
    advance: (ms) => {
      ahead += ms;
    },
    send,
    operate,
    signIn: async (subject = "u-1") => {
      const { json, text } = await operate({ path: "/v1/sessions", json: { subject, client_id: "demo" } });
      const session = json["session"] as { readonly id: string } | undefined;
      if (session === undefined) throw new Error(`nobody was signed in: ${text}`);
      return { sid: session.id, access: String(json["access_token"]), refresh: String(json["refresh_token"]) };
    },
    refresh: (token) =>
      send({
        path: "/oauth2/token",
        form: { grant_type: "refresh_token", client_id: "demo", refresh_token: token },
      }),
    restart: async () => {
      await server.close();
      server = await startServer(config, ports);
    },
    end: async () => {
      await server.close();
      rmSync(data, { recursive: true });
    },
  };
}
