// What a server has now, in the form of the file.

import { everyPage, pageQuery } from "../connection/every-page.ts";
import type { ServerApi } from "../connection/server-api.ts";
import type { Document } from "./document.ts";

export interface ServerClient {
  readonly client_id: string;
  readonly secrets: readonly unknown[];
  readonly mandate: object | null;
  readonly [member: string]: unknown;
}

export interface Current {
  readonly roles: ReadonlyMap<string, string>;
  /** By name, each with its version. */
  readonly policies: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly clients: ReadonlyMap<string, ServerClient>;
}

interface RolesPage {
  readonly roles: readonly { readonly name: string; readonly scope: string }[];
}
interface ClientsPage {
  readonly clients: readonly ServerClient[];
  readonly next_cursor: string | null;
}
interface PoliciesPage {
  readonly policies: readonly Readonly<Record<string, unknown>>[];
  readonly next_cursor: string | null;
}

/** Of what a file says nothing of, nothing is read: whoever brings clients needs no scope for policies. */
export type Sections = Readonly<Record<"roles" | "policies" | "clients", boolean>>;

export const ALL_SECTIONS: Sections = { roles: true, policies: true, clients: true };

export async function readCurrent(server: ServerApi, sections: Sections): Promise<Current> {
  const names = (["clients", "policies", "roles"] as const).filter((name) => sections[name]);
  // Asked for together, so that one token does.
  const scope = names.map((name) => `${name}:read`).join(" ");
  const get = <Body>(path: string): Promise<Body> => server.call<Body>({ scope, method: "GET", path });
  const roles = sections.roles ? (await get<RolesPage>("/v1/roles")).roles : [];
  const clients = !sections.clients
    ? []
    : await everyPage(
        (cursor) => get<ClientsPage>(`/v1/clients${pageQuery(cursor)}`),
        (page) => page.clients,
      );
  const policies = !sections.policies
    ? []
    : await everyPage(
        (cursor) => get<PoliciesPage>(`/v1/policies${pageQuery(cursor)}`),
        (page) => page.policies,
      );
  return {
    roles: new Map(roles.map((one) => [one.name, one.scope])),
    clients: new Map(clients.map((one) => [one.client_id, one])),
    policies: new Map(policies.map((one) => [String(one["name"]), one])),
  };
}

/** What the server adds to a client and no file says. */
const NOT_IN_FILES: ReadonlySet<string> = new Set(["client_id", "secrets", "changed"]);
const NOT_IN_POLICIES: ReadonlySet<string> = new Set(["name", "version", "put"]);

/** A file that says all of it; secrets have no place in it. */
export function documentOf({ roles, policies, clients }: Current): Document {
  const audiences = new Set([...clients.values()].flatMap((one) => one["audiences"] as readonly string[]));
  return {
    hallpass: 1,
    audiences: [...audiences].toSorted(),
    roles: sorted(roles, (scope) => scope),
    policies: sorted(policies, (one) => without(one, NOT_IN_POLICIES)),
    // A client of before mandates has none, and a file can't say "none": leaving it out keeps it so.
    clients: sorted(clients, (one) =>
      without(one.mandate === null ? { ...one, mandate: undefined } : one, NOT_IN_FILES),
    ),
  };
}

function sorted<T, R>(map: ReadonlyMap<string, T>, to: (value: T) => R): Record<string, R> {
  return Object.fromEntries(
    [...map].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([name, value]) => [name, to(value)]),
  );
}

function without(value: object, left: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([name, one]) => !left.has(name) && one !== undefined));
}
