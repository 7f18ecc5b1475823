// `clients list`: every client, and what it may ask for.

import { everyPage, pageQuery } from "../connection/every-page.ts";
import type { Context, Outcome } from "../context.ts";
import { columns } from "../print/columns.ts";
import { printJson, printLines } from "../terminal.ts";

export interface WireClient {
  readonly client_id: string;
  readonly name: string;
  readonly token_endpoint_auth_method: string;
  readonly grant_types: readonly string[];
  readonly scope: string;
  readonly audiences: readonly string[];
  readonly policy: string;
  readonly status: string;
}

interface Page {
  readonly clients: readonly WireClient[];
  readonly next_cursor: string | null;
}

export async function listClients({ terminal, api }: Context, options: { readonly json?: true }): Promise<Outcome> {
  const server = api();
  const clients = await everyPage(
    (cursor) => server.call<Page>({ scope: "clients:read", method: "GET", path: `/v1/clients${pageQuery(cursor)}` }),
    (page) => page.clients,
  );
  if (options.json === true) printJson(terminal, clients);
  else
    printLines(
      terminal,
      columns(
        ["CLIENT", "STATUS", "KIND", "GRANTS", "POLICY", "AUDIENCES", "SCOPE"],
        clients.map((one) => [
          one.client_id,
          one.status,
          one.token_endpoint_auth_method === "none" ? "public" : "confidential",
          one.grant_types.join(" "),
          one.policy,
          one.audiences.join(" "),
          one.scope,
        ]),
      ),
    );
  return undefined;
}
