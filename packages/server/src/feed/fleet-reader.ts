// Who may hold a lease, for receipts: those that are made together share one look, which begins after each of them was asked for.

import { readFleet, readNoted, type Store, type TenantId } from "@hallpass/core";
import type { Fleet } from "../services.ts";
import { createHeadReader, type HeadReader } from "./head-reader.ts";

export function createFleetReader(store: Store, tenant: TenantId): HeadReader<Fleet> {
  return createHeadReader(
    async () => {
      const members = await readFleet(store, tenant);
      return { members, noted: (await readNoted(store, tenant, members)).applied };
    },
    // Whoever asked tells of a fault.
    () => {},
  );
}
