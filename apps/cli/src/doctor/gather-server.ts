// Asks a running server what an operator may read: each thing with its own scope, so that a missing one hides only that.

import { everyPage, pageQuery } from "../connection/every-page.ts";
import type { ServerApi } from "../connection/server-api.ts";
import type { AuditFacts, Facts, FleetFacts, KeyFacts, PolicyFacts, ReaderFacts } from "./facts.ts";
import { look } from "./look.ts";
import { decodeJwt } from "./own-token.ts";

type ServerFacts = Pick<
  Facts,
  "issuer" | "token" | "subjects" | "policies" | "keys" | "published" | "fleet" | "readers" | "audit" | "metrics"
>;

interface PoliciesPage {
  readonly policies: readonly PolicyFacts[];
  readonly next_cursor: string | null;
}
interface CheckpointsPage {
  readonly checkpoints: readonly { readonly n: number }[];
  readonly next_cursor: string | null;
}
interface RecordsPage {
  readonly records: readonly { readonly entry: string }[];
}
interface Sessions {
  readonly sessions: readonly { readonly subject: string }[];
}

export async function gatherServer(server: ServerApi): Promise<ServerFacts> {
  const get = <Body>(scope: string, path: string): Promise<Body> => server.call<Body>({ scope, method: "GET", path });
  return {
    issuer: await look(() => server.issuer()),
    token: await look(async () => decodeJwt(await server.token(""))),
    subjects: await look(() => readSubjects(server)),
    policies: await look(() =>
      everyPage(
        (cursor) => get<PoliciesPage>("policies:read", `/v1/policies${pageQuery(cursor)}`),
        (page) => page.policies,
      ),
    ),
    keys: await look(() => get<KeyFacts>("keys:read", "/v1/keys")),
    published: await look(() => readPublished(server)),
    fleet: await look(() => get<FleetFacts>("verifiers:read", "/v1/verifiers")),
    readers: await look(
      async () => (await get<{ readonly readers: readonly ReaderFacts[] }>("log:read", "/v1/log/readers")).readers,
    ),
    audit: await look(() => readAudit(get)),
    metrics: await look(() => server.text({ scope: "metrics:read", method: "GET", path: "/metrics" })),
  };
}

async function readSubjects(server: ServerApi): Promise<readonly string[]> {
  const found = await server.call<Sessions>({
    scope: "sessions:read",
    method: "POST",
    path: "/v1/sessions/search",
    body: { limit: 200 },
  });
  return found.sessions.map(({ subject }) => subject);
}

async function readPublished(server: ServerApi): Promise<readonly string[]> {
  const path = "/.well-known/jwks.json";
  const { keys } = await server.call<{ readonly keys: readonly { readonly kid: string }[] }>({
    scope: "keys:read",
    method: "GET",
    path,
  });
  return keys.map(({ kid }) => kid);
}

async function readAudit(get: <Body>(scope: string, path: string) => Promise<Body>): Promise<AuditFacts> {
  const signed = await everyPage(
    (cursor) => get<CheckpointsPage>("audit:read", `/v1/audit/checkpoints${pageQuery(cursor)}`),
    (page) => page.checkpoints,
  );
  const checkpoint = signed.at(-1)?.n ?? null;
  const { records } = await get<RecordsPage>("audit:read", `/v1/audit?from=${(checkpoint ?? 0) + 1}`);
  const first = records[0];
  const uncovered = first === undefined ? null : (JSON.parse(first.entry) as { readonly at_ms: number }).at_ms;
  return { checkpoint, uncovered_since_ms: uncovered };
}
