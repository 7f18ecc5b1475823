// From a request to the endpoint's row, and back with its answer. Judges what stands above every endpoint: the method, the query,
// the bearer and its scope. Whatever is thrown becomes 503 or 500 here, is logged here, and goes no further.

import { type Form, parseForm } from "@hallpass/protocol";
import { Hono } from "hono";
import { failure, refuse, type Surface } from "../replies.ts";
import type { Services } from "../services.ts";
import { authorizeCaller } from "./authorize-caller.ts";
import type { Endpoint, Exchange, ScopedEndpoint } from "./endpoint.ts";
import { SCOPES } from "./scopes.ts";

/** A request that was let in: its body is read, it has its id. */
export interface Arrival {
  readonly body: Uint8Array;
  readonly peer: string | null;
  readonly requestId: string;
  readonly callerRequestId: string | null;
  /** Of the clock that never goes back. */
  readonly started: number;
}

export type Route = (request: Request, arrival: Arrival) => Promise<Response>;

/** Throws for a table that has a row without a policy, or two rows in one place: such a server does not start. */
export function createRouter(services: Services, endpoints: readonly Endpoint[]): Route {
  checkTable(endpoints);
  const app = new Hono<{ Bindings: Arrival }>();
  for (const endpoint of endpoints) {
    app.on(endpoint.method, endpoint.path, (c) =>
      serve(services, endpoint, c.req.raw, c.env, (name) => c.req.param(name)),
    );
  }
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const there = endpoints.filter((endpoint) => endpoint.path === path);
    const allow = there.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
    const surface = there[0]?.surface ?? "v1";
    app.all(path, (c) => {
      const context = { requestId: c.env.requestId, surface, issuer: services.issuer.url };
      return noted(services, c.req.raw, c.env, path, refuse(context, "method_not_allowed", { allow }));
    });
  }
  app.notFound((c) => {
    const surface: Surface = c.req.path.startsWith("/oauth2/") ? "oauth" : "v1";
    const context = { requestId: c.env.requestId, surface, issuer: services.issuer.url };
    return noted(services, c.req.raw, c.env, "none", refuse(context, "route_unknown"));
  });
  return async (request, arrival) => app.fetch(request, arrival);
}

async function serve(
  services: Services,
  endpoint: Endpoint,
  request: Request,
  arrival: Arrival,
  param: (name: string) => string | undefined,
): Promise<Response> {
  const { requestId, body, peer } = arrival;
  const context = { requestId, surface: endpoint.surface, issuer: services.issuer.url };
  let response: Response;
  try {
    const query = queryOf(endpoint, request.url);
    response =
      query === undefined
        ? refuse(context, "query_malformed")
        : await answer(services, endpoint, { ...context, request, body, query, peer, param: placeholder(param) });
  } catch (thrown) {
    services.observer.failed(requestId, endpoint.path, thrown);
    response = failure(context, thrown);
  }
  return noted(services, request, arrival, endpoint.path, response);
}

async function answer(services: Services, endpoint: Endpoint, exchange: Exchange): Promise<Response> {
  if (!isScoped(endpoint)) return endpoint.answer(services, exchange);
  const authorized = await authorizeCaller(services, exchange, endpoint.from.scope);
  return authorized.ok ? endpoint.answer(services, exchange, authorized.caller) : authorized.refusal;
}

function isScoped(endpoint: Endpoint): endpoint is ScopedEndpoint {
  return endpoint.from.kind === "scope";
}

function noted(services: Services, request: Request, arrival: Arrival, route: string, response: Response): Response {
  services.observer.request({
    requestId: arrival.requestId,
    callerRequestId: arrival.callerRequestId,
    method: request.method,
    route,
    status: response.status,
    ms: services.clock.monotonic() - arrival.started,
  });
  return response;
}

function placeholder(param: (name: string) => string | undefined): (name: string) => string {
  return (name) => {
    const value = param(name);
    if (value === undefined) throw new Error(`the path has no placeholder ${name}`);
    return value;
  };
}

const QUERY_LIMITS = { maxLength: 2048, maxParameters: 8 };
const utf8 = new TextEncoder();
const NO_QUERY: Form = noQuery();

/** Undefined for a query with two readings, or with a name that this path does not take. */
function queryOf(endpoint: Endpoint, url: string): Form | undefined {
  const start = url.indexOf("?");
  if (start === -1 || endpoint.query === "ignored") return NO_QUERY;
  const parsed = parseForm(utf8.encode(url.slice(start + 1)), QUERY_LIMITS);
  if (!parsed.ok || endpoint.query === undefined) return undefined;
  const { query } = endpoint;
  return parsed.form.names().every((name) => query.includes(name)) ? parsed.form : undefined;
}

function noQuery(): Form {
  const parsed = parseForm(new Uint8Array(0), QUERY_LIMITS);
  if (!parsed.ok) throw new Error("an empty query is a query");
  return parsed.form;
}

function checkTable(endpoints: readonly Endpoint[]): void {
  const places = new Set<string>();
  for (const { method, path, from } of endpoints) {
    const place = `${method} ${path}`;
    if (places.has(place)) throw new Error(`${place} stands twice in the table of endpoints`);
    places.add(place);
    const policy: unknown = (from as { readonly kind?: unknown } | undefined)?.kind;
    const known = policy === "anyone" || policy === "client" || (policy === "scope" && isScope(from));
    if (!known) throw new Error(`${place} does not say who may call it`);
  }
}

function isScope(from: Endpoint["from"]): boolean {
  return from.kind === "scope" && SCOPES.includes(from.scope);
}
