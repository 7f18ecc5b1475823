// The schemas of a PostgreSQL store. What its tools say is a problem of the person who called; what the database says is as well.

import type { Store } from "@hallpass/core";
import type { Position } from "@hallpass/protocol";
import { makePrivateFile } from "../host/private-files.ts";
import type { CopiedStore, StoredTenant, StoredTenants } from "./stored-tenant.ts";

export interface PostgresTools {
  /** The names are those of store-postgres/dump.ts, for one tenant. */
  readonly isEmpty: (tenant: string) => Promise<boolean>;
  readonly dump: (tenant: string, file: string) => Promise<CopiedStore>;
  readonly loadAside: (tenant: string, file: string) => Promise<void>;
  readonly dropAside: (tenant: string) => Promise<void>;
  readonly openAside: (tenant: string) => Promise<Store>;
  readonly peek: (tenant: string) => Promise<{ readonly head: Position; readonly birthMark: string }>;
  readonly open: (tenant: string) => Promise<Store>;
  readonly moveIn: (tenants: readonly string[]) => Promise<void>;
}

export function postgresTenants(
  tenants: readonly Pick<StoredTenant, "tenant" | "issuer">[],
  tools: PostgresTools,
): StoredTenants {
  return {
    kind: "postgres",
    // One transaction moves all: there is no half of it.
    undoHalfMove: async () => {},
    tenants: tenants.map(({ tenant, issuer }) => ({
      tenant,
      issuer,
      suffix: "dump",
      isThere: async () => !(await tools.isEmpty(tenant)),
      copyTo: async (path) => {
        // pg_dump fills the file that is there, and makes one that everybody may read.
        makePrivateFile(path, "");
        return tools.dump(tenant, path);
      },
      putAside: (path) => tools.loadAside(tenant, path),
      openAside: () => tools.openAside(tenant),
      removeAside: () => tools.dropAside(tenant),
      peek: async () => {
        const { head, birthMark } = await tools.peek(tenant);
        return { head, store: birthMark };
      },
      open: () => tools.open(tenant),
    })),
    moveIn: () => tools.moveIn(tenants.map(({ tenant }) => tenant)),
  };
}
