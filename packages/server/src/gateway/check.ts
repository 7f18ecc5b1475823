// /check: whether a request that a gateway received may pass, and as whom. Judged by the rows on every request, so a revocation holds from
// its commit on. A gateway knows three answers: 200, 401 or 403, and everything else, which it has to take for a failure of ours.

import {
  judgeSessionTokenOn,
  type LiveSessionToken,
  type PresentedSessionToken,
  presentedSessionToken,
  readAccessToken,
  type Snapshot,
} from "@hallpass/core";
import type { AccessTokenClaims, BearerError } from "@hallpass/protocol";
import { type ActivityReports, createActivityReports } from "../feed/activity-reports.ts";
import { requestIds } from "../hallpass.ts";
import { empty, failure, type Reply, type ReplyContext, refuse, refuseBearer } from "../replies.ts";
import type { Services } from "../services.ts";
import { checkStandstill } from "../standstill.ts";
import type { WireCode } from "../wire-errors.ts";
import { type Headers, presentedIn, type Wanted, wantedIn } from "./asked-request.ts";
import { identityHeaders } from "./identity.ts";
import { createUpstreamTokens, type UpstreamTokens } from "./upstream-tokens.ts";

/** The query as it was sent, without the question mark. Never rejects: what goes wrong is an answer. */
export type Check = (query: string, headers: Headers) => Promise<Reply>;

interface Deps {
  readonly services: Services;
  readonly wanted: (query: string) => Wanted | undefined;
  readonly tokens: UpstreamTokens;
  readonly activity: ActivityReports;
}

export function createCheck(services: Services): Check {
  const lost = (cause: unknown): void => services.observer.failed("none", "/check", cause);
  const deps: Deps = {
    services,
    wanted: rememberedWishes(),
    tokens: createUpstreamTokens(services),
    // What could not be written is told again with the next request.
    activity: createActivityReports(services, { dropped: () => {}, failed: lost }),
  };
  const newRequestId = requestIds(services.dice);
  return async (query, headers) => {
    const requestId = newRequestId();
    const context: ReplyContext = { requestId, surface: "v1", issuer: services.issuer.url };
    const started = services.clock.monotonic();
    let reply: Reply;
    try {
      const answered = answer(deps, context, query, headers);
      reply = answered instanceof Promise ? await answered : answered;
      checkStandstill(services.clock, started);
    } catch (thrown) {
      services.observer.failed(requestId, "/check", thrown);
      reply = failure(context, thrown);
    }
    const ms = services.clock.monotonic() - started;
    services.observer.request({
      requestId,
      callerRequestId: null,
      peer: null,
      method: "GET",
      route: "/check",
      status: reply.status,
      ms,
    });
    return reply;
  };
}

/** Of queries: a gateway's operator has written a few, and asks the same for every request. */
const MOST_WISHES = 256;

function rememberedWishes(): Deps["wanted"] {
  const known = new Map<string, Wanted>();
  return (query) => {
    const before = known.get(query);
    if (before !== undefined) return before;
    const wanted = wantedIn(query);
    if (wanted === undefined) return undefined;
    if (known.size >= MOST_WISHES) known.clear();
    known.set(query, wanted);
    return wanted;
  };
}

function answer(deps: Deps, context: ReplyContext, query: string, headers: Headers): Reply | Promise<Reply> {
  const wanted = deps.wanted(query);
  if (wanted === undefined) return refuse(context, "check_misconfigured");
  const presented = presentedIn(headers, deps.services.cookie.name, wanted.origins);
  switch (presented.kind) {
    case "nothing":
      return no(context, "credentials_refused", undefined);
    case "malformed":
      // 400 is for mistakes of the gateway, and to some a failure of ours; this one is the client's.
      return no(context, "credentials_refused", "invalid_request");
    case "cross_site":
      return refuse(context, "cross_site_request");
    case "token": {
      const session = presentedSessionToken(deps.services, presented.token);
      return session === undefined
        ? asBearer(deps, context, presented.token, wanted)
        : asSession(deps, context, session, wanted);
    }
  }
}

async function asSession(
  { services, tokens, activity }: Deps,
  context: ReplyContext,
  presented: PresentedSessionToken,
  wanted: Wanted,
): Promise<Reply> {
  const read = services.store.read(presented.rows);
  const snapshot = read instanceof Promise ? await read : read;
  const live = judgeSessionTokenOn(services, presented, snapshot);
  if (live.kind !== "live") return no(context, "credentials_refused", "invalid_token");
  const { session, family } = live;
  const { scope } = family;
  const refusal = refusalOf(context, { aud: family.audience, scope }, wanted);
  if (refusal !== undefined) return refusal;
  const token = tokens.forSession(live, wanted.audience, snapshot, services.keys.open(snapshot));
  const bearer = token instanceof Promise ? await token : token;
  if (bearer === undefined) throw new Error("a session was opened whose access token is too large");
  noteActivity(activity, live, snapshot);
  const identity = { subject: session.subject, session: session.id, client: family.client, scope, bearer };
  return empty(context, 200, identityHeaders(identity));
}

async function asBearer(
  { services, tokens }: Deps,
  context: ReplyContext,
  token: string,
  wanted: Wanted,
): Promise<Reply> {
  const read = await readAccessToken(services, token);
  if (read === undefined) return no(context, "credentials_refused", "invalid_token");
  const { live, snapshot } = read;
  const { sub, sid = "", clientId, scope } = live.claims;
  const refusal = refusalOf(context, live.claims, wanted);
  if (refusal !== undefined) return refusal;
  const bearer = await tokens.forBearer(live, token, wanted.audience, snapshot, services.keys.open(snapshot));
  if (bearer === undefined) return no(context, "credentials_refused", "invalid_token");
  return empty(context, 200, identityHeaders({ subject: sub, session: sid, client: clientId, scope, bearer }));
}

function refusalOf(
  context: ReplyContext,
  claims: Pick<AccessTokenClaims, "aud" | "scope">,
  { audience, scope }: Wanted,
): Reply | undefined {
  if (!claims.aud.includes(audience)) return no(context, "credentials_refused", "invalid_token");
  if (scope.every((one) => claims.scope.includes(one))) return undefined;
  return refuseBearer(context, "scope_missing", { error: "insufficient_scope", scope });
}

/** Only when it would move something: the last activity moves by tenths of the idle time. */
function noteActivity(activity: ActivityReports, { session }: LiveSessionToken, { clock }: Snapshot): void {
  if (clock - session.lastActive >= session.policy.idle * 100) activity.note([[session.id, clock]]);
}

function no(context: ReplyContext, code: WireCode, error: BearerError | undefined): Reply {
  return refuseBearer(context, code, error === undefined ? {} : { error });
}
