// What a command gets: the terminal, and the server's API with the settings of the command line.

import { type ServerApi, serverApi } from "./connection/server-api.ts";
import { actorOf, type ConnectionOptions, readCredentials, serverUrl } from "./connection/settings.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

export interface Context {
  readonly terminal: Terminal;
  /** Reads address and credentials; nothing is sent before the first call. */
  readonly api: () => ServerApi;
  readonly connection: ConnectionOptions;
  /** Runs when this process is told to stop. */
  readonly onStop: (stop: () => void) => void;
}

/** Undefined stands for `done`. */
export type Outcome = ExitCode | undefined;

export function contextOf(terminal: Terminal, connection: ConnectionOptions, onStop: Context["onStop"]): Context {
  return {
    terminal,
    connection,
    onStop,
    api: () =>
      serverApi(
        serverUrl(connection, terminal.env),
        () => readCredentials(connection, terminal.env),
        actorOf(terminal.env),
      ),
  };
}
