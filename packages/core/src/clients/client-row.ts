// The border between a client and its row.

import type { SigningAlg } from "@hallpass/protocol";
import type { ClientId, TenantId } from "../kernel/ids.ts";
import type { Row, RowKey, Snapshot } from "../store/store.ts";
import { type Client, signingAlgOf } from "./client.ts";

const LAYOUT = 1;

type ClientRow = Omit<Client, "id"> & { readonly layout: number };

export function clientKey(tenant: TenantId, id: ClientId): RowKey {
  return { tenant, kind: "client", id };
}

export function clientToRow(client: Client): { readonly value: string; readonly expires: null } {
  const { id: _, ...rest } = client;
  return { value: JSON.stringify({ layout: LAYOUT, ...rest } satisfies ClientRow), expires: null };
}

export function clientFromRow(row: Row): Client {
  // Only this file puts anything there, and clients never change.
  if (row.parsed?.value !== row.value) row.parsed = { value: row.value, as: parse(row) };
  return row.parsed.as as Client;
}

/** The algorithm of a client's access tokens, from a snapshot that was read with its row. */
export function signingAlgIn(snapshot: Pick<Snapshot, "get">, tenant: TenantId, id: ClientId): SigningAlg {
  const row = snapshot.get(clientKey(tenant, id));
  return signingAlgOf(row === undefined ? undefined : clientFromRow(row));
}

function parse(row: Row): Client {
  const { layout, ...rest } = JSON.parse(row.value) as ClientRow;
  if (layout !== LAYOUT) throw new Error("a client's row has a layout that this version does not know");
  return { id: row.key.id as ClientId, ...rest };
}
