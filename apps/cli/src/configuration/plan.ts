// From what a server has and what a file wants to the steps between them, in the order in which they are taken: what gives names first
// (roles, policies), then who uses them, and what is removed last. Pure; each step is one call, and one change at the server.

import type { Call } from "../connection/server-api.ts";
import type { Current, ServerClient } from "./current.ts";
import type { Document, WantedClient, WantedPolicy } from "./document.ts";

export interface Step {
  readonly kind: "make" | "change" | "remove";
  /** Such as `client web`. */
  readonly what: string;
  readonly lines: readonly string[];
  readonly call: Pick<Call, "method" | "path" | "body">;
  /** The client whose secret the answer shows. */
  readonly secretOf?: string;
  /** The policy whose edit can be previewed, with the edit. */
  readonly previews?: { readonly policy: string; readonly edit: WantedPolicy };
}

export interface Plan {
  readonly steps: readonly Step[];
  /** What can't be done, each with why. Then nothing is. */
  readonly problems: readonly string[];
  /** There, not in the file, and kept. */
  readonly kept: readonly string[];
}

export function planOf(wanted: Document, current: Current, { prune }: { readonly prune: boolean }): Plan {
  const problems: string[] = [];
  const clients = clientSteps(wanted.clients ?? {}, current, problems);
  const removals = [
    ...absent(wanted.clients, current.clients).map((id) => removalOf("client", id, "ends all that it was given")),
    ...absent(wanted.roles, current.roles)
      .filter((name) => name !== "owner")
      .map((name) => removalOf("role", name, "gives nothing to whoever has it")),
  ];
  const unremovable = absent(wanted.policies, current.policies).map((name) => `policy ${name}`);
  return {
    steps: [
      ...roleSteps(wanted.roles ?? {}, current.roles),
      ...policySteps(wanted.policies ?? {}, current.policies),
      ...clients,
      ...(prune ? removals : []),
    ],
    problems,
    // Sessions hang on policies: they are never removed.
    kept: [...(prune ? [] : removals.map(({ what }) => what)), ...unremovable],
  };
}

function absent(wanted: object | undefined, there: ReadonlyMap<string, unknown>): readonly string[] {
  return wanted === undefined ? [] : [...there.keys()].filter((name) => !Object.hasOwn(wanted, name));
}

function removalOf(kind: "client" | "role", name: string, line: string): Step {
  const call = { method: "DELETE", path: `/v1/${kind}s/${encodeURIComponent(name)}` } as const;
  return { kind: "remove", what: `${kind} ${name}`, lines: [line], call };
}

function roleSteps(wanted: Readonly<Record<string, string>>, there: ReadonlyMap<string, string>): readonly Step[] {
  return Object.entries(wanted).flatMap(([name, scope]): readonly Step[] => {
    const before = there.get(name);
    if (before !== undefined && sameScope(before, scope)) return [];
    const call = { method: "PUT", path: `/v1/roles/${encodeURIComponent(name)}`, body: { scope } } as const;
    const lines = [before === undefined ? `scope: ${scope}` : `scope: ${before} → ${scope}`];
    return [{ kind: before === undefined ? "make" : "change", what: `role ${name}`, lines, call }];
  });
}

function policySteps(wanted: Readonly<Record<string, WantedPolicy>>, there: Current["policies"]): readonly Step[] {
  return Object.entries(wanted).flatMap(([name, edit]): readonly Step[] => {
    const before = there.get(name);
    const lines = differences(edit, before ?? {});
    if (before !== undefined && lines.length === 0) return [];
    const version = before === undefined ? 0 : Number(before["version"]);
    const path = `/v1/policies/${encodeURIComponent(name)}/versions`;
    const step: Step = {
      kind: before === undefined ? "make" : "change",
      what: `policy ${name}`,
      lines,
      call: { method: "POST", path, body: { ...edit, version } },
    };
    return [before === undefined ? step : { ...step, previews: { policy: name, edit } }];
  });
}

/** What makes another client of it. */
const FIXED = ["token_endpoint_auth_method", "access_token_signing_alg"] as const;
/** What a client can't be made without. */
const NEEDED = ["token_endpoint_auth_method", "audiences"] as const;

function clientSteps(
  wanted: Readonly<Record<string, WantedClient>>,
  { clients }: Current,
  problems: string[],
): readonly Step[] {
  return Object.entries(wanted).flatMap(([id, one]) => {
    const there = clients.get(id);
    return there === undefined ? newClient(id, one, problems) : changedClient(id, one, there, problems);
  });
}

function newClient(id: string, wanted: WantedClient, problems: string[]): readonly Step[] {
  for (const name of NEEDED)
    if (wanted[name] === undefined) problems.push(`clients.${id}.${name} is needed: there is no such client yet`);
  const { status, ...rest } = wanted;
  const method = wanted.token_endpoint_auth_method;
  const hasSecret = method === "client_secret_basic" || method === "client_secret_post";
  if (wanted.secret_sha256 !== undefined && !hasSecret)
    problems.push(`clients.${id}.secret_sha256 is for clients that authenticate with a secret`);
  const make: Step = {
    kind: "make",
    what: `client ${id}`,
    lines: differences(rest, {}),
    call: { method: "POST", path: "/v1/clients", body: { grant_types: [], scope: "", ...rest, client_id: id } },
    ...(hasSecret && wanted.secret_sha256 === undefined ? { secretOf: id } : {}),
  };
  return status === "disabled" ? [make, statusStep(id, "active", status)] : [make];
}

function changedClient(id: string, wanted: WantedClient, there: ServerClient, problems: string[]): readonly Step[] {
  // A hash can't be compared with what is kept of a secret: it counts when the client is made.
  const { status, secret_sha256: _, ...rest } = wanted;
  for (const name of FIXED) {
    const value = wanted[name];
    const is = there[name] ?? (name === "access_token_signing_alg" ? "ES256" : undefined);
    if (value !== undefined && value !== is)
      problems.push(`clients.${id}.${name} is ${shown(is)} and can't become ${value}: make another client`);
  }
  const edit = Object.fromEntries(
    Object.entries(rest).filter(
      ([name, value]) => !(FIXED as readonly string[]).includes(name) && !same(name, value, there[name]),
    ),
  );
  const path = `/v1/clients/${encodeURIComponent(id)}`;
  const change: Step = {
    kind: "change",
    what: `client ${id}`,
    lines: differences(edit, there),
    call: { method: "PATCH", path, body: edit },
  };
  return [
    ...(Object.keys(edit).length === 0 ? [] : [change]),
    ...(status === undefined || status === there["status"] ? [] : [statusStep(id, String(there["status"]), status)]),
  ];
}

function statusStep(id: string, before: string, after: "active" | "disabled"): Step {
  const ends = after === "disabled" ? ["ends all that it was given"] : [];
  return {
    kind: "change",
    what: `client ${id}`,
    lines: [`status: ${before} → ${after}`, ...ends],
    call: {
      method: "POST",
      path: `/v1/clients/${encodeURIComponent(id)}/${after === "active" ? "enable" : "disable"}`,
      body: {},
    },
  };
}

function differences(wanted: object, there: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const before = there[name];
    if (value === undefined || same(name, value, before)) return [];
    return [before === undefined ? `${name}: ${shown(value)}` : `${name}: ${shown(before)} → ${shown(value)}`];
  });
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Lists in which the order says nothing. The first of the audiences is the default, so theirs does. */
const SETS: ReadonlySet<string> = new Set(["grant_types", "allowed_origins", "roles", "required_acr"]);

function same(name: string, wanted: unknown, there: unknown): boolean {
  if (name === "scope" && typeof wanted === "string" && typeof there === "string") return sameScope(wanted, there);
  // Members that a client has not are left out of an answer.
  if (there === undefined) return Array.isArray(wanted) && wanted.length === 0;
  if (SETS.has(name) && Array.isArray(wanted) && Array.isArray(there))
    return wanted.length === there.length && wanted.every((one) => there.includes(one));
  return JSON.stringify(canonical(wanted)) === JSON.stringify(canonical(there));
}

function sameScope(one: string, other: string): boolean {
  const words = (text: string): string => text.split(" ").filter(Boolean).toSorted().join(" ");
  return words(one) === words(other);
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, one]) => [name, canonical(one)]),
  );
}
