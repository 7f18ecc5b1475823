// Pages of other origins (the Fetch standard, CORS). Public documents are anyone's. What a client is answered at /oauth2 may be read by pages
// of the origins that are registered with that very client, compared as texts, and never with a browser's own credentials: there are none.

import { type Clock, clientFromRow, clientKey, parseClientId, type Store, type TenantId } from "@hallpass/core";
import { parseBasic, parseForm } from "@hallpass/protocol";
import { empty, type Reply, type ReplyContext, refuse } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Endpoint, RequestHead } from "./endpoint.ts";

type Headers = Readonly<Record<string, string>>;

/** Seconds for which a browser need not ask again. */
const PREFLIGHT_MAX_AGE = "600";
const VARY_PREFLIGHT = "origin, access-control-request-method, access-control-request-headers";
const ASKED = { maxLength: 16_384, maxParameters: 64, repeatable: ["resource"] };

/** Headers of ours that a page may want to read. */
const EXPOSED = "hallpass-verdict, hallpass-revocation, retry-after, www-authenticate, x-request-id";

/** Undefined for an OPTIONS that is no preflight, and for a path that no page may call: both are a method that the path does not know. */
export async function preflight(
  context: ReplyContext,
  request: RequestHead,
  endpoint: Endpoint | undefined,
  isRegistered: (origin: string) => Promise<boolean>,
): Promise<Reply | undefined> {
  const origin = request.headers.get("origin");
  if (origin === null || endpoint === undefined) return undefined;
  const allowed = { "access-control-allow-methods": endpoint.method, "access-control-max-age": PREFLIGHT_MAX_AGE };
  if (endpoint.publicDocument === true)
    // Some discovery clients send headers of their own.
    return empty(context, 204, { ...allowed, "access-control-allow-origin": "*", "access-control-allow-headers": "*" });
  if (endpoint.crossOrigin === undefined) return undefined;
  // Whose request it will be nobody says yet: the origin of any client will do, and the answer itself is for the right one only.
  if (!(await isRegistered(origin))) return refuse(context, "origin_not_allowed", { vary: VARY_PREFLIGHT });
  return empty(context, 204, {
    ...allowed,
    "access-control-allow-origin": origin,
    "access-control-allow-headers": "authorization, content-type",
    vary: VARY_PREFLIGHT,
  });
}

/** What makes an answer readable for the page that asked. Never rejects: an answer that can't be judged is not readable, and is answered all the same. */
export async function readableBy(
  services: Services,
  requestId: string,
  request: RequestHead,
  body: Uint8Array,
): Promise<Headers> {
  const origin = request.headers.get("origin");
  if (origin === null) return {};
  let origins: readonly string[] | undefined;
  try {
    origins = await originsOf(services, clientOf(request, body));
  } catch (thrown) {
    services.observer.failed(requestId, "cross-origin", thrown);
  }
  if (origins?.includes(origin) !== true) return { vary: "origin" };
  return { "access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED, vary: "origin" };
}

async function originsOf(
  { store, tenant }: Services,
  client: ReturnType<typeof parseClientId>,
): Promise<readonly string[] | undefined> {
  if (client === undefined) return undefined;
  const key = clientKey(tenant, client);
  const row = (await store.read([key])).get(key);
  return row === undefined ? undefined : clientFromRow(row).origins;
}

/** Whom the request names, as the endpoint will read it; it is refused if it names two. */
function clientOf(request: RequestHead, body: Uint8Array): ReturnType<typeof parseClientId> {
  const header = parseBasic(request.headers.get("authorization"));
  if (header.kind === "basic") return parseClientId(header.clientId);
  const parsed = parseForm(body, ASKED);
  return parsed.ok ? parseClientId(parsed.form.get("client_id") ?? "") : undefined;
}

/** Milliseconds for which the origins of all clients are remembered: a new one is let ask after that at the latest. */
export const ORIGINS_KEPT_MS = 10_000;
const PAGE = 500;

/** Whether any client has registered the origin. However many ask, clients are listed once in a while. */
export function registeredOrigins(deps: {
  readonly store: Store;
  readonly clock: Pick<Clock, "monotonic">;
  readonly tenant: TenantId;
}): (origin: string) => Promise<boolean> {
  let kept: { readonly at: number; readonly origins: Promise<ReadonlySet<string>> } | undefined;
  async function list(): Promise<ReadonlySet<string>> {
    const origins = new Set<string>();
    let after: { readonly after: string } | undefined = undefined;
    for (;;) {
      const rows: Awaited<ReturnType<Store["list"]>> = await deps.store.list({
        tenant: deps.tenant,
        kind: "client",
        limit: PAGE,
        ...after,
      });
      for (const row of rows) for (const origin of clientFromRow(row).origins ?? []) origins.add(origin);
      const last = rows.at(-1);
      if (rows.length < PAGE || last === undefined) return origins;
      after = { after: last.key.id };
    }
  }
  return async (origin) => {
    const now = deps.clock.monotonic();
    if (kept === undefined || now - kept.at >= ORIGINS_KEPT_MS) {
      const next = { at: now, origins: list() };
      kept = next;
      // A fault is not remembered.
      next.origins.catch(() => {
        if (kept === next) kept = undefined;
      });
    }
    return (await kept.origins).has(origin);
  };
}
