// One host, looked at through a connection of its own, which no load of the pool can take: what the server there is, and proof that it is
// still the primary.

import type { Client } from "pg";
import { type ConnectionSettings, isPooled, openClient } from "./connections.ts";
import type { SqlRow } from "./rows.ts";
import { inOneTransaction, ON_OWN_CONNECTION, SERVER, type Way } from "./way.ts";

export interface Standing {
  /** False for a standby, and for whatever takes no writes. */
  readonly writable: boolean;
  /** The cluster and its timeline: another one after a promotion or a restore to an earlier time. */
  readonly server: string;
  readonly timeline: number;
  /** Whether a commit waits for a standby. */
  readonly synchronous: boolean;
}

const LOOK = `SELECT ${SERVER} AS server, current_setting('transaction_read_only') = 'off' AS writable,
  current_setting('synchronous_standby_names') <> '' AS synchronous`;

/**
 * A message in the log of the server is the smallest transaction that is durable only when its standbys say so: a primary that was
 * deposed gets no such word from the one that took its place.
 */
const PROVE = `${LOOK}, CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_logical_emit_message(true, 'hallpass', '')::text END AS proof`;

/**
 * Commits of ours that nobody waits for any more, because their callers were told that the outcome is unknown. They are let go only when
 * every lease has ended (a proof waits behind them), so nobody is shown what no standby has.
 */
const LET_GO = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user
  AND application_name = 'hallpass' AND wait_event = 'SyncRep' AND query_start < now() - $1 * interval '1 millisecond'`;

const LEAST_GIVEN_UP_MS = 10_000;

export class Endpoint {
  /** Why the last look failed. */
  failure: Error | undefined;
  readonly #settings: ConnectionSettings;
  readonly #address: string;
  readonly #givenUpMs: number;
  readonly #lost: () => void;
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;
  #pooled: boolean | undefined;

  /** `lost` is told when a connection that was there breaks. After `givenUpMs` milliseconds nobody waits for a commit any more. */
  constructor(address: string, settings: ConnectionSettings, givenUpMs: number, lost: () => void) {
    this.#address = address;
    this.#settings = settings;
    this.#givenUpMs = givenUpMs;
    this.#lost = lost;
  }

  get address(): string {
    return this.#address;
  }

  /** Known once it was connected. */
  get pooled(): boolean {
    return this.#pooled === true;
  }

  /** How its server is asked; `server` is the one that has to answer, where that is not certain. */
  way(settings: ConnectionSettings, server?: string): Way {
    return this.pooled ? inOneTransaction(settings, server) : ON_OWN_CONNECTION;
  }

  /** Undefined when there is no answer in time, and for a server that this release can't serve. */
  look(): Promise<Standing | undefined> {
    return this.#ask(LOOK);
  }

  /** The same, and it was the primary at some time after this call; undefined, too, when it could not prove that. */
  prove(): Promise<Standing | undefined> {
    return this.#ask(PROVE);
  }

  /** One statement on this connection. Rejects with what the driver says. */
  async query(text: string, values: readonly unknown[] = []): Promise<readonly SqlRow[]> {
    const client = await this.#connected();
    try {
      return await this.way(this.#settings)(client, { text, values });
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  close(): void {
    this.#drop();
  }

  async #ask(text: string): Promise<Standing | undefined> {
    try {
      const client = await this.#connected();
      let warned = false;
      const note = (notice: { readonly severity?: string | undefined }): void => {
        if (notice.severity === "WARNING") warned = true;
      };
      client.on("notice", note);
      const [line] = await this.way(this.#settings)(client, { text });
      client.off("notice", note);
      if (warned || line === undefined) throw new Error("the server has not waited for its standby");
      const standing = standingOf(line);
      this.failure = standing.writable ? undefined : new Error("the server is a standby: name the primary");
      return standing;
    } catch (error) {
      this.failure = asError(error);
      this.#drop();
      return undefined;
    }
  }

  /** Whoever asks while it connects waits for the same connection. */
  #connected(): Promise<Client> {
    if (this.#client !== undefined) return Promise.resolve(this.#client);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Client> {
    this.#pooled ??= await isPooled(this.#address, this.#settings);
    const client = openClient(this.#address, { ...this.#settings, pooled: this.#pooled });
    client.on("error", () => undefined);
    client.on("end", () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#lost();
    });
    await client.connect();
    this.#client = client;
    await client.query(LET_GO, [Math.max(this.#givenUpMs, LEAST_GIVEN_UP_MS)]);
    return client;
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    // Nobody waits for it: a connection with a statement under way is cut, and a server that is gone says no good-bye.
    client?.end().catch(() => undefined);
  }
}

function standingOf(row: SqlRow): Standing {
  const server = String(row["server"]);
  const timeline = Number.parseInt(server.slice(server.indexOf("/") + 1), 16);
  return {
    writable: row["writable"] === true && timeline > 0,
    server,
    timeline,
    synchronous: row["synchronous"] === true,
  };
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
