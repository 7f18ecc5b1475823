// A server without sockets, on the memory store, with a clock that stands still: what endpoint tests play on. Facts are seen as they commit.

import {
  type ClientId,
  type Clock,
  type FactDraft,
  type Instant,
  type NewClient,
  registerClient,
  type Store,
} from "@hallpass/core";
import { type Config, loadConfig } from "../config.ts";
import { SCOPES } from "../endpoints/scopes.ts";
import { createHallpass, type Hallpass } from "../hallpass.ts";
import { chooseStore } from "../host/choose-store.ts";
import { makeServices } from "../host/make-services.ts";
import { portsWith } from "../host/ports.ts";
import { createFactBell, type FactBell } from "../observe/fact-bell.ts";
import { type Observer, SILENT } from "../observe/observer.ts";
import { noHearing, type Services } from "../services.ts";

export const ISSUER = "http://localhost:8026";
export const API = "https://api.example";

export interface TestClock extends Clock {
  advance(ms: number): void;
}

export interface Scene {
  readonly clock: TestClock;
  readonly services: Services;
  readonly hallpass: Hallpass;
  /** Facts that were committed since the last call, by kind. */
  readonly facts: () => readonly string[];
  /** `id:secret` of a confidential client, for Basic. */
  readonly basic: { readonly operator: string; readonly service: string };
  /** A bearer of the operator with exactly this scope, or with all. */
  readonly bearer: (scope?: string) => Promise<string>;
  readonly send: (request: Sent) => Promise<Received>;
  /** Opens a session of the public client `web`. */
  readonly open: (body?: object) => Promise<Opened>;
  readonly refresh: (token: string, more?: Readonly<Record<string, string>>) => Promise<Received>;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>> | string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is no JSON object. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Opened {
  readonly sid: string;
  readonly access: string;
  readonly refresh: string;
}

export function testClock(start = 1_800_000_000_000): TestClock {
  let wall = start;
  return {
    now: () => wall as Instant,
    monotonic: () => wall - start,
    advance: (ms) => {
      wall += ms;
    },
  };
}

export interface SceneOptions {
  readonly wrapStore?: (store: Store) => Store;
  readonly observer?: Observer;
  readonly metricsPage?: Services["metricsPage"];
  readonly config?: Parameters<typeof configOf>[0];
}

export async function scene({
  wrapStore = (store) => store,
  observer = SILENT,
  metricsPage,
  config = {},
}: SceneOptions = {}): Promise<Scene> {
  const clock = testClock();
  const settings = configOf({ store: "memory", issuer: ISSUER, ...config });
  const ports = portsWith({ clock, logTo: { write: () => {} }, scheduler: { after: () => () => {} } });
  const seen: FactDraft[] = [];
  const factBell = createFactBell(ports.scheduler);
  const store = wrapStore(seeing(await chooseStore(settings, ports), seen, factBell));
  const unheard = await makeServices(settings, ports, store, {
    observer,
    metricsPage: metricsPage ?? (async () => ({ text: "# no metrics\n", type: "text/plain" })),
    isServing: () => true,
    writeFault: () => undefined,
    factBell,
  });
  const services: Services = { ...unheard, hearing: noHearing(clock.now()) };
  const hallpass = createHallpass(services);
  const operator = await confidential(services, "operator", [...SCOPES], [ISSUER]);
  const service = await confidential(
    services,
    "service",
    ["orders:read", "orders:write"],
    [API, "https://other.example"],
  );
  await add(services, publicClient("web"));
  seen.length = 0;

  async function send(sent: Sent): Promise<Received> {
    return received(await hallpass.fetch(requestOf(sent)));
  }
  async function bearer(scope?: string): Promise<string> {
    const form = { grant_type: "client_credentials", ...(scope === undefined ? {} : { scope }) };
    const { json } = await send({ path: "/oauth2/token", headers: basicHeader(operator), form });
    return String(json["access_token"]);
  }
  async function open(body: object = {}): Promise<Opened> {
    const { json } = await send({
      path: "/v1/sessions",
      headers: { authorization: `Bearer ${await bearer()}` },
      json: { subject: "u-1", client_id: "web", ...body },
    });
    const session = json["session"] as { readonly id: string } | undefined;
    if (session === undefined) throw new Error(`no session was opened: ${JSON.stringify(json)}`);
    return { sid: session.id, access: String(json["access_token"]), refresh: String(json["refresh_token"]) };
  }
  return {
    clock,
    services,
    hallpass,
    // What becomes of refused calls is written in its own time (refused-calls.test.ts).
    facts: () =>
      seen
        .splice(0)
        .map(({ kind }) => kind)
        .filter((kind) => kind !== "call_refused"),
    basic: { operator, service },
    bearer,
    send,
    open,
    refresh: (token, more = {}) =>
      send({
        path: "/oauth2/token",
        form: { grant_type: "refresh_token", client_id: "web", refresh_token: token, ...more },
      }),
  };
}

export function configOf(over: NonNullable<Parameters<typeof loadConfig>[0]["over"]>): Config {
  const loaded = loadConfig({ env: {}, over: { development: "true", listen: "127.0.0.1:0", ...over } });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  return loaded.config;
}

export function basicHeader(credentials: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}

export function requestOf({ method, path, headers = {}, json, form, body }: Sent, origin: string = ISSUER): Request {
  const content =
    json !== undefined
      ? { type: "application/json", text: JSON.stringify(json) }
      : form !== undefined
        ? { type: "application/x-www-form-urlencoded", text: formText(form) }
        : undefined;
  const bytes = content?.text ?? body;
  return new Request(`${origin}${path}`, {
    method: method ?? (bytes === undefined ? "GET" : "POST"),
    headers: { ...(content === undefined ? {} : { "content-type": content.type }), ...headers },
    ...(bytes === undefined ? {} : { body: bytes }),
  });
}

export async function received(response: Response): Promise<Received> {
  const text = await response.text();
  const isJson = /^application\/(?:problem\+|jwk-set\+)?json/.test(response.headers.get("content-type") ?? "");
  const json = isJson && text !== "" ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, text, json };
}

export function formText(form: Readonly<Record<string, string>> | string): string {
  return typeof form === "string" ? form : new URLSearchParams(form).toString();
}

export function publicClient(id: string): NewClient {
  return {
    id: id as ClientId,
    name: id,
    authentication: "none",
    grants: ["refresh_token"],
    scope: ["read", "write"],
    audiences: [API],
    policy: "consumer",
  };
}

async function confidential(
  services: Services,
  id: string,
  scope: readonly string[],
  audiences: readonly string[],
): Promise<string> {
  const client: NewClient = {
    ...publicClient(id),
    authentication: "client_secret_basic",
    grants: ["client_credentials"],
    scope,
    audiences,
  };
  return `${id}:${await add(services, client)}`;
}

async function add(services: Services, client: NewClient): Promise<string> {
  const made = await registerClient(services, client, null);
  if (!made.ok) throw new Error(`the client ${client.id} was refused: ${made.code}`);
  return made.value.secret?.reveal() ?? "";
}

function seeing(store: Store, seen: FactDraft[], factBell: FactBell): Store {
  return {
    ...store,
    commit: async (changes) => {
      const outcomes = await store.commit(changes);
      changes.forEach((change, index) => {
        if (outcomes[index]?.kind === "committed") seen.push(...change.facts);
      });
      factBell.ring();
      return outcomes;
    },
  };
}
