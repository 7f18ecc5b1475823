// From a request to the endpoint's row, and back with its answer. Judges what stands above every endpoint: the method, the query,
// the bearer and its scope. Whatever is thrown becomes 503 or 500 here, is logged here, and goes no further.

import { type ClientId, type RowKey, readBefore } from "@hallpass/core";
import { type Form, parseForm } from "@hallpass/protocol";
import { failure, type Reply, type ReplyContext, refuse, type Surface } from "../replies.ts";
import type { Services } from "../services.ts";
import { checkStandstill } from "../standstill.ts";
import { answerOnce } from "./answer-once.ts";
import { authorizeCaller } from "./authorize-caller.ts";
import { preflight, readableBy, registeredOrigins } from "./cross-origin.ts";
import type { Along, Answer, Caller, Endpoint, Exchange, RequestHead, ScopedEndpoint } from "./endpoint.ts";
import { attributed, namedActor } from "./human-actor.ts";
import { judgeMandate } from "./mandates.ts";
import { type Placeholders, pathTable } from "./path-table.ts";
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

export type Route = (request: RequestHead, arrival: Arrival) => Reply | Promise<Reply>;

/** Throws for a table that has a row without a policy, or two rows in one place: such a server does not start. */
export function createRouter(services: Services, endpoints: readonly Endpoint[]): Route {
  checkTable(endpoints);
  const find = pathTable(endpoints);
  const isRegistered = registeredOrigins(services);
  return (request, arrival) => {
    const question = request.target.indexOf("?");
    const path = question === -1 ? request.target : request.target.slice(0, question);
    const found = find(request.method === "HEAD" ? "GET" : request.method, path);
    if (found.kind === "endpoint") {
      const query = question === -1 ? undefined : request.target.slice(question + 1);
      const { endpoint, placeholders } = found;
      const { tracing } = services;
      if (tracing === undefined) return serve(services, endpoint, request, arrival, query, placeholders);
      const { requestId } = arrival;
      const traced = { head: request, route: endpoint.path, operation: endpoint.operation, requestId };
      return tracing.request(traced, async () => serve(services, endpoint, request, arrival, query, placeholders));
    }
    const { requestId } = arrival;
    const issuer = services.issuer.url;
    if (found.kind === "path") {
      const context = { requestId, surface: found.surface, issuer };
      const asked = request.method === "OPTIONS" ? request.headers.get("access-control-request-method") : null;
      if (asked !== null) {
        const wanted = find(asked, path);
        const endpoint = wanted.kind === "endpoint" ? wanted.endpoint : undefined;
        return answerPreflight(services, context, request, arrival, { endpoint, isRegistered, ...found });
      }
      const refusal = refuse(context, "method_not_allowed", { allow: found.allow });
      return noted(services, request, arrival, found.path, refusal);
    }
    const surface: Surface = path.startsWith("/oauth2/") ? "oauth" : "v1";
    return noted(services, request, arrival, "none", refuse({ requestId, surface, issuer }, "route_unknown"));
  };
}

interface Preflight {
  readonly endpoint: Endpoint | undefined;
  readonly isRegistered: (origin: string) => Promise<boolean>;
  readonly path: string;
  readonly allow: string;
}

async function answerPreflight(
  services: Services,
  context: ReplyContext,
  request: RequestHead,
  arrival: Arrival,
  { endpoint, isRegistered, path, allow }: Preflight,
): Promise<Reply> {
  let reply: Reply;
  try {
    const answered = await preflight(context, request, endpoint, isRegistered);
    reply = answered ?? refuse(context, "method_not_allowed", { allow });
  } catch (thrown) {
    services.observer.failed(context.requestId, path, thrown);
    reply = failure(context, thrown);
  }
  return noted(services, request, arrival, path, reply);
}

/** What is thrown becomes an answer here. Nothing is waited for where the endpoint answers at once. */
function serve(
  services: Services,
  endpoint: Endpoint,
  request: RequestHead,
  arrival: Arrival,
  asked: string | undefined,
  placeholders: Placeholders,
): Answer {
  const { requestId, body, peer } = arrival;
  const { surface } = endpoint;
  const issuer = services.issuer.url;
  const served: Served = { services, endpoint, request, arrival };
  let answered: Answer;
  try {
    const query = asked === undefined ? NO_QUERY : queryOf(endpoint, asked);
    answered =
      query === undefined
        ? refuse({ requestId, surface, issuer }, "query_malformed")
        : answer(services, endpoint, {
            requestId,
            surface,
            issuer,
            request,
            body,
            query,
            peer,
            param: (name) => placeholder(placeholders, name),
          });
    if (!(answered instanceof Promise)) judgeLast(served, answered);
  } catch (thrown) {
    answered = failed(served, thrown);
  }
  const isReadable = endpoint.crossOrigin !== undefined && request.headers.get("origin") !== null;
  if (answered instanceof Promise || isReadable) return serveLater(served, answered, isReadable);
  return noted(services, request, arrival, endpoint.path, answered);
}

interface Served {
  readonly services: Services;
  readonly endpoint: Endpoint;
  readonly request: RequestHead;
  readonly arrival: Arrival;
}

async function serveLater(served: Served, answered: Answer, isReadable: boolean): Promise<Reply> {
  const { services, endpoint, request, arrival } = served;
  let reply: Reply;
  try {
    reply = await answered;
    if (answered instanceof Promise) judgeLast(served, reply);
  } catch (thrown) {
    reply = failed(served, thrown);
  }
  if (isReadable) {
    const more = await readableBy(services, arrival.requestId, request, arrival.body);
    reply = { ...reply, headers: { ...reply.headers, ...more } };
  }
  return noted(services, request, arrival, endpoint.path, reply);
}

/** Throws a Fault for an answer that is too old to be given. */
function judgeLast({ services, endpoint, arrival }: Served, { refused }: Reply): void {
  if (endpoint.vouches === true) checkStandstill(services.clock, arrival.started);
  if (refused !== undefined && !isScoped(endpoint)) services.refusedCalls.note(null, endpoint.path, refused);
}

function failed({ services, endpoint, arrival }: Served, thrown: unknown): Reply {
  const { requestId } = arrival;
  services.observer.failed(requestId, endpoint.path, thrown);
  return failure({ requestId, surface: endpoint.surface, issuer: services.issuer.url }, thrown);
}

function answer(services: Services, endpoint: Endpoint, exchange: Exchange): Answer {
  return isScoped(endpoint) ? answerHolder(services, endpoint, exchange) : endpoint.answer(services, exchange);
}

async function answerHolder(services: Services, endpoint: ScopedEndpoint, exchange: Exchange): Promise<Reply> {
  let read: Along | undefined;
  const along = (client: ClientId): readonly RowKey[] => {
    read = endpoint.along?.(services, exchange, client);
    return read?.rows ?? [];
  };
  const authorized = await authorizeCaller(services, exchange, endpoint.from.scope, along);
  const client = authorized.ok ? authorized.caller.token.client : authorized.client;
  const reply = authorized.ok
    ? await answerCaller(
        read === undefined ? services : { ...services, store: readBefore(services.store, authorized.snapshot) },
        endpoint,
        exchange,
        authorized.caller,
        read,
      )
    : authorized.refusal;
  if (reply.refused !== undefined) services.refusedCalls.note(client, endpoint.path, reply.refused);
  return reply;
}

async function answerCaller(
  services: Services,
  endpoint: ScopedEndpoint,
  exchange: Exchange,
  caller: Caller,
  read: Along | undefined,
): Promise<Reply> {
  const judged = judgeMandate(services, exchange, endpoint, caller, () => exchange.param("id"));
  const refusal = judged instanceof Promise ? await judged : judged;
  if (refusal !== undefined) return refusal;
  const human = caller.human ?? namedActor(exchange, endpoint);
  const respond = endpoint.retry === "answer" ? answerOnce : answerPlainly;
  const { judgeAgain } = endpoint;
  if (human === null) return respond(services, read?.answer ?? endpoint.answer, exchange, caller, judgeAgain);
  const store = attributed(services.store, caller.token.client, human);
  const attributing = { ...services, store };
  return { ...(await respond(attributing, endpoint.answer, { ...exchange, human }, caller, judgeAgain)), by: human };
}

function answerPlainly(
  services: Services,
  respond: ScopedEndpoint["answer"],
  exchange: Exchange,
  caller: Caller,
): Answer {
  return respond(services, exchange, caller);
}

function isScoped(endpoint: Endpoint): endpoint is ScopedEndpoint {
  return endpoint.from.kind === "scope";
}

function noted(services: Services, request: RequestHead, arrival: Arrival, route: string, reply: Reply): Reply {
  const { by } = reply;
  const finished = {
    requestId: arrival.requestId,
    callerRequestId: arrival.callerRequestId,
    method: request.method,
    route,
    status: reply.status,
    refusal: reply.refused ?? null,
    ms: services.clock.monotonic() - arrival.started,
    peer: arrival.peer,
  };
  services.observer.request(by === undefined ? finished : { ...finished, actor: by.id, actorProof: by.proof });
  return reply;
}

function placeholder(placeholders: Placeholders, name: string): string {
  const value = placeholders[name];
  if (value === undefined) throw new Error(`the path has no placeholder ${name}`);
  return value;
}

const QUERY_LIMITS = { maxLength: 2048, maxParameters: 8 };
const utf8 = new TextEncoder();
const NO_QUERY: Form = noQuery();

/** Undefined for a query with two readings, or with a name that this path does not take. */
function queryOf(endpoint: Endpoint, asked: string): Form | undefined {
  if (endpoint.query === "ignored") return NO_QUERY;
  const parsed = parseForm(utf8.encode(asked), QUERY_LIMITS);
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
  for (const endpoint of endpoints) {
    const { method, path, from } = endpoint;
    const place = `${method} ${path}`;
    if (places.has(place)) throw new Error(`${place} stands twice in the table of endpoints`);
    places.add(place);
    const policy: unknown = (from as { readonly kind?: unknown } | undefined)?.kind;
    const known = policy === "anyone" || policy === "client" || (policy === "scope" && isScope(from));
    if (!known) throw new Error(`${place} does not say who may call it`);
    if (isScoped(endpoint) && endpoint.retry === "answer" && endpoint.mandate === "judged" && !endpoint.judgeAgain)
      throw new Error(`${place} does not say who may hear its answer again`);
  }
}

function isScope(from: Endpoint["from"]): boolean {
  return from.kind === "scope" && SCOPES.includes(from.scope);
}
