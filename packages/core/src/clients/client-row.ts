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

/** What a row was parsed to: rows never change, and a client's is read with every request. */
const parsed = new WeakMap<Row, Client>();

export function clientFromRow(row: Row): Client {
  const known = parsed.get(row);
  if (known !== undefined) return known;
  const client = parse(row);
  parsed.set(row, client);
  return client;
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
