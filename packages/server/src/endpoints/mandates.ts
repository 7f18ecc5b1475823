// Where a caller's mandate is held against what it asks for. A row of the table says who looks: the router for the session in the path,
// the endpoint for what stands in a body, and for a row that says nothing only a mandate for everything will do.

import {
  type AnyTarget,
  type Client,
  type ClientId,
  clientFromRow,
  clientKey,
  EVERYTHING,
  isEverything,
  isWithin,
  MANDATE_PARTS,
  type Mandate,
  type MandatePart,
  type MaybePromise,
  mandateOf,
  parseSessionId,
  permits,
  permitsAll,
  type RefusalCode,
  readRoles,
  readSession,
  type Session,
  type SessionId,
  scopesOf,
} from "@hallpass/core";
import { type Reply, type ReplyContext, refuse, refuseMandate } from "../replies.ts";
import type { Services } from "../services.ts";
import type { WireCode } from "../wire-errors.ts";
import type { Caller, ScopedEndpoint } from "./endpoint.ts";
import { SCOPES } from "./scopes.ts";

/** Answers as if the thing were not there: what a mandate leaves out is nobody's to know of. The fact says why. */
export function refuseAsAbsent(context: ReplyContext, code: WireCode): Reply {
  return { ...refuse(context, code), refused: "mandate_exceeded" };
}

/** The parts of a mandate that a call lies beyond; undefined when it lies within. None where naming them would tell of another's session (MAN-9). */
export type Beyond = readonly MandatePart[] | undefined;

/** `asked`: what each part would have to permit. */
export function beyondOf(mandate: Mandate, asked: Partial<Readonly<Record<MandatePart, readonly string[]>>>): Beyond {
  const parts = MANDATE_PARTS.filter((part) => !permitsAll(mandate[part], asked[part] ?? []));
  return parts.length === 0 ? undefined : parts;
}

/** Undefined lets the call through to the endpoint. `session` is the path's. Only where it has to be read is anything waited for. */
export function judgeMandate(
  services: Services,
  context: ReplyContext,
  endpoint: Pick<ScopedEndpoint, "mandate">,
  caller: Caller,
  session: () => string,
): MaybePromise<Reply | undefined> {
  const { mandate: kind } = endpoint;
  if (kind === "free" || kind === "judged" || isEverything(caller.mandate)) return undefined;
  if (kind === undefined) return refuseMandate(context, beyondOf(caller.mandate, EVERYTHING) ?? []);
  const id = parseSessionId(session());
  // What is no id is refused by the endpoint, as for everyone.
  return id === undefined ? undefined : judgeSession(services, context, caller, id);
}

async function judgeSession(
  services: Services,
  context: ReplyContext,
  caller: Caller,
  id: SessionId,
): Promise<Reply | undefined> {
  return (await namedPermitted(services, caller, id)) ? undefined : refuseAsAbsent(context, "session_not_found");
}

/** Every client that has a part in it counts: whoever ends a session ends it for all of them. */
export function sessionPermitted(mandate: Mandate, { subject, families }: Session): boolean {
  const clients = families.map((family) => family.client);
  return permits(mandate.subjects, subject) && permitsAll(mandate.clients, clients);
}

/** What a session is to be opened with. */
export interface AskedSession {
  readonly subject: string;
  readonly client: ClientId;
  readonly audience: readonly string[] | undefined;
  readonly policy: string | undefined;
  readonly acr: string | null;
  readonly amr: readonly string[];
}

/** Whether a session that a call is about, or that a new one is to hang on or to replace, lies within the mandate. One that is not there is for the operation to refuse. */
export async function namedPermitted(
  services: Services,
  { mandate }: Caller,
  session: SessionId | null | undefined,
): Promise<boolean> {
  if (session === null || session === undefined || isEverything(mandate)) return true;
  const seen = await readSession(services.store, services.tenant, session);
  return !seen.ok || sessionPermitted(mandate, seen.value.session);
}

/** Of these sessions, those that the caller may know of. */
export async function knownOf(
  { store, tenant }: Services,
  { mandate }: Caller,
  sessions: readonly SessionId[],
): Promise<readonly SessionId[]> {
  if (isEverything(mandate)) return sessions;
  const seen = await Promise.all(sessions.map((id) => readSession(store, tenant, id)));
  return seen.flatMap((one) => (one.ok && sessionPermitted(mandate, one.value.session) ? [one.value.session.id] : []));
}

/**
 * What is not asked for is what the client's registration says: looked at only where the rest is permitted, for what another client is registered
 * for is nobody's to know of. An unknown client is for the operation to refuse.
 */
export async function openingBeyond(services: Services, { mandate }: Caller, asked: AskedSession): Promise<Beyond> {
  if (isEverything(mandate)) return undefined;
  const beyond = beyondOf(mandate, { subjects: [asked.subject], clients: [asked.client], ...assuranceIn(asked) });
  if (beyond !== undefined) return beyond;
  const key = clientKey(services.tenant, asked.client);
  const row = (await services.store.read([key])).get(key);
  if (row === undefined) return undefined;
  const client = clientFromRow(row);
  const audiences = asked.audience ?? client.audiences.slice(0, 1);
  return beyondOf(mandate, { audiences, policies: [asked.policy ?? client.policy] });
}

/** What the parts `acr` and `amr` have to permit. */
export function assuranceIn({
  acr,
  amr,
}: {
  readonly acr?: string | null | undefined;
  readonly amr?: readonly string[] | undefined;
}): Pick<Mandate, "acr" | "amr"> {
  return { acr: acr === undefined || acr === null ? [] : [acr], amr: amr ?? [] };
}

/** What a change of a session vouches for: the class and the methods that it names, and with another time of sign-in those that the session is left with. */
export async function alteringBeyond(
  { store, tenant }: Services,
  { mandate }: Caller,
  id: SessionId,
  asked: Parameters<typeof assuranceIn>[0] & { readonly auth_time?: number | null | undefined },
): Promise<Beyond> {
  const { acr, amr, auth_time: authTime } = asked;
  if (isEverything(mandate) || authTime === undefined || authTime === null)
    return beyondOf(mandate, assuranceIn(asked));
  const seen = await readSession(store, tenant, id);
  // One that is not there is for the operation to refuse.
  if (!seen.ok) return undefined;
  const { session } = seen.value;
  const vouched =
    session.authTime === authTime ? asked : { acr: acr === undefined ? session.acr : acr, amr: amr ?? session.amr };
  return beyondOf(mandate, assuranceIn(vouched));
}

/** What a caller may give: the scope of its token, and the roles' scopes to look up. */
export interface Giver {
  readonly caller: Caller;
  /** Everything that the caller is registered for at this API. */
  readonly registered: readonly string[];
  readonly scopesOfRoles: (names: readonly string[]) => readonly string[];
  readonly roles: ReadonlySet<string>;
}

export async function giverOf(services: Services, caller: Caller): Promise<Giver> {
  const roles = await readRoles(services.store, services.tenant);
  const { scope, roles: own = [] } = caller.token.registered;
  const registered = [...scope, ...scopesOf(roles, own)];
  return { caller, registered, scopesOfRoles: (names) => scopesOf(roles, names), roles: new Set(roles.keys()) };
}

export function rolesKnown({ roles }: Giver, names: readonly string[]): boolean {
  return names.every((name) => roles.has(name));
}

/** Nobody makes of a client more than it is itself (P8), nor touches one that is more. Judged on the client as it is and as it would be; the first is null for a new one. */
export function mayMake(
  services: Services,
  giver: Giver,
  before: Client | null,
  after: Client,
): RefusalCode | undefined {
  const { caller, registered } = giver;
  const { mandate } = caller;
  if (!permits(mandate.clients, after.id)) return before === null ? "mandate_too_wide" : "client_not_found";
  const had = before === null ? [] : givenTo(services, giver, before);
  const gets = givenTo(services, giver, after);
  if (!had.every((one) => registered.includes(one))) return "scope_not_allowed";
  // What is given anew has to be in the token that is shown, not only in the registration behind it.
  if (!gets.every((one) => had.includes(one) || caller.scope.includes(one))) return "scope_not_allowed";
  const within = (one: Client): boolean =>
    permitsAll(mandate.audiences, one.audiences) &&
    permits(mandate.policies, one.policy) &&
    // A registration of before mandates acts for everyone: only who may do the same may touch it.
    (givenTo(services, giver, one).length === 0 || isWithin(mandateOf(one), mandate));
  return [after, ...(before === null ? [] : [before])].every(within) ? undefined : "mandate_too_wide";
}

/** What a client may do at this API: nothing if its tokens are for others. */
function givenTo(services: Services, giver: Giver, { audiences, scope, roles = [] }: Client): readonly string[] {
  if (!audiences.includes(services.issuer.url)) return [];
  const own = scope.filter((one) => (SCOPES as readonly string[]).includes(one));
  return [...own, ...giver.scopesOfRoles(roles)];
}

/** For itself: its own sessions, under its own policy, with no assurance class. What a new client gets when nobody says otherwise. */
export function ownMandate(client: Pick<Client, "id" | "audiences" | "policy">, { mandate }: Caller): Mandate {
  const { id, audiences, policy } = client;
  return { clients: [id], audiences, subjects: mandate.subjects, policies: [policy], acr: [], amr: mandate.amr };
}

/** Of all that is to be revoked. What reaches beyond single sessions of known clients needs both parts for everything. */
export async function targetsBeyond(
  services: Services,
  { mandate }: Caller,
  targets: readonly AnyTarget[],
): Promise<Beyond> {
  if (isEverything(mandate)) return undefined;
  const each = await Promise.all(targets.map((target) => targetBeyond(services, mandate, target)));
  if (each.every((one) => one === undefined)) return undefined;
  return MANDATE_PARTS.filter((part) => each.some((one) => one?.includes(part)));
}

async function targetBeyond(services: Services, mandate: Mandate, target: AnyTarget): Promise<Beyond> {
  switch (target.kind) {
    case "session":
    case "family": {
      const seen = await readSession(services.store, services.tenant, target.session);
      // One that is not there is for the operation to refuse.
      return !seen.ok || sessionPermitted(mandate, seen.value.session) ? undefined : [];
    }
    case "subject":
      return beyondOf(mandate, { ...EVERYONE, subjects: [target.subject] });
    case "client":
      return beyondOf(mandate, { ...EVERYONE, clients: [target.client] });
    case "token":
    case "tenant":
    case "before":
    case "query":
      return beyondOf(mandate, EVERYONE);
  }
}

/** Sessions of anyone with any client. */
const EVERYONE: Pick<Mandate, "clients" | "subjects"> = { clients: ["*"], subjects: ["*"] };
