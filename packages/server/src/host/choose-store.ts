// The one place that knows which stores there are.

import { join } from "node:path";
import { type Clock, type Dice, gather, type Store } from "@hallpass/core";
import { createMemoryStore } from "@hallpass/store-memory";
import { openSqliteStore } from "@hallpass/store-sqlite";
import type { Config } from "../config.ts";
import { systemNextTurn } from "./system-ports.ts";

export async function chooseStore(
  config: Config,
  ports: { readonly clock: Clock; readonly dice: Dice },
): Promise<Store> {
  switch (config.store) {
    case "memory":
      return gather(createMemoryStore(ports), { nextTurn: systemNextTurn });
    case "sqlite":
      return gather(await openSqliteStore({ ...ports, file: join(config.data, "hallpass.sqlite") }), {
        nextTurn: systemNextTurn,
      });
  }
}
