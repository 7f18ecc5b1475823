// What happens to a database, one after the other: it is slow, silent, cut off, restarted, locked, and full of other people's connections.

import { setTimeout as wait } from "node:timers/promises";
import { type Ground, type PostgresServer, serveCluster, type TcpSwitch } from "@hallpass/store-postgres/testing";
import pg from "pg";

export interface Stage {
  readonly on: Ground;
  readonly between: TcpSwitch;
  server: PostgresServer;
}

export interface Scene {
  readonly name: string;
  /** Settles when the fault is over. */
  play(stage: Stage): Promise<void>;
}

/** So that other people's connections can fill it. */
export const SETTINGS = { max_connections: "40" };
const SLOW_MS = 250;
const EVER_MS = 600_000;

export const SCENES: readonly Scene[] = [
  {
    name: "every piece that goes to the database takes a quarter of a second",
    play: async ({ between }) => {
      between.delay(SLOW_MS);
      await wait(2500);
      between.delay(0);
    },
  },
  {
    name: "the database says nothing",
    play: async ({ between }) => {
      between.delay(EVER_MS);
      await wait(4500);
      between.delay(0);
      // What was held back is held for ever: as when a firewall forgets connections.
    },
  },
  {
    name: "every connection is cut, ten times",
    play: async ({ between }) => {
      for (let cuts = 0; cuts < 10; cuts += 1) {
        between.cut();
        await wait(150);
      }
    },
  },
  {
    name: "the database restarts",
    play: async (stage) => {
      await stage.server.stop();
      stage.server = await serveCluster(stage.on, "data", SETTINGS);
      stage.between.to(Number(new URL(stage.server.url).port));
    },
  },
  {
    name: "somebody locks the table of rows",
    play: async ({ server }) => {
      const other = new pg.Client(server.url);
      await other.connect();
      await other.query("BEGIN");
      await other.query("LOCK TABLE hallpass.rows IN ACCESS EXCLUSIVE MODE");
      await wait(2500);
      await other.query("ROLLBACK");
      await other.end();
    },
  },
  {
    name: "others take every connection that the database has",
    play: async ({ server, between }) => {
      const others: pg.Client[] = [];
      const end = performance.now() + 2500;
      const fill = async (): Promise<void> => {
        while (performance.now() < end) {
          const other = new pg.Client(server.url);
          other.on("error", () => undefined);
          try {
            await other.connect();
            others.push(other);
          } catch {
            // It is full, for now.
            await wait(2);
          }
        }
      };
      const filling = [fill(), fill(), fill(), fill()];
      await wait(300);
      // Others are quicker to take what the node's own leave.
      between.cut();
      await Promise.all(filling);
      await Promise.all(others.map((other) => other.end()));
    },
  },
];
