// Roles: names for sets of scopes of this server's own API. A client has roles beside its scope; what a role gives is looked up whenever
// a token is issued and whenever one is used, so a role that shrinks takes effect at once.

import type { TenantId } from "../kernel/ids.ts";
import type { Row, RowKey } from "../store/store.ts";

/** Scopes by the role's name. */
export type Roles = ReadonlyMap<string, readonly string[]>;

interface RolesRow {
  readonly layout: 1;
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

export const MAX_ROLES = 50;

/** All roles of a tenant stand in one row: there are few, and they are compared with one another. */
export function rolesKey(tenant: TenantId): RowKey {
  return { tenant, kind: "issuer", id: "roles" };
}

/** 1 to 64 characters of `a-z 0-9 -`. */
export function parseRoleName(text: string): string | undefined {
  return /^[a-z0-9][a-z0-9-]{0,63}$/.test(text) ? text : undefined;
}

/** The roles that were written down; none before the first. */
export function rolesFromRow(row: Row | undefined): Roles {
  if (row === undefined) return new Map();
  const { layout, roles } = JSON.parse(row.value) as RolesRow;
  if (layout !== 1) throw new Error("the row of the roles has a layout that this version does not know");
  return new Map(Object.entries(roles));
}

export function rolesToRow(roles: Roles): { readonly value: string; readonly expires: null } {
  return { value: JSON.stringify({ layout: 1, roles: Object.fromEntries(roles) } satisfies RolesRow), expires: null };
}

/** What the roles of these names give together; a name that is no role any more gives nothing. */
export function scopesOf(roles: Roles, names: readonly string[]): readonly string[] {
  return [...new Set(names.flatMap((name) => roles.get(name) ?? []))];
}
