// One server of the drill: `server.ts PORT DATA [lying]`. With `lying` it says of a revocation that it was written whatever became of it, and
// shows it until it dies, as memory does that no disk has: the control.

import {
  type Change,
  type Head,
  type Instant,
  type Row,
  type RowChange,
  RowMap,
  type Snapshot,
  type Store,
} from "@hallpass/core";
import { type Ports, startServer } from "@hallpass/server";
import { developmentConfig } from "../development-config.ts";

const [port = "", data = "", kind = ""] = process.argv.slice(2);
const config = developmentConfig(port, data);
/** What was never written, and is shown. */
const remembered = new RowMap<Row>();

function remember({ attempt }: Change, { key, expect, next, raise }: RowChange, { pos }: Head, at: Instant): void {
  if (typeof next === "string") return;
  const cut = raise === true ? { notBefore: pos, raisedAt: at } : { notBefore: null, raisedAt: null };
  const version = expect === "absent" ? 1 : expect + 1;
  remembered.set(key, { key, value: next.value, version, attempt, expires: next.expires, ...cut });
}

function shown(snapshot: Snapshot): Snapshot {
  return {
    head: snapshot.head,
    clock: snapshot.clock,
    get: (key) => remembered.get(key) ?? snapshot.get(key),
    has: (key) => snapshot.has(key),
  };
}

const wrapStore: Ports["wrapStore"] = (store): Store => ({
  ...store,
  read: async (keys) => shown(await store.read(keys)),
  commit: async (changes) => {
    const { head, clock } = await store.read([]);
    const outcomes = await store.commit(changes);
    return outcomes.map((outcome, index) => {
      const change = changes[index];
      const isRevocation = change?.rows.some(({ key }) => key.kind === "revocation") === true;
      if (!isRevocation || (outcome.kind !== "failed" && outcome.kind !== "unknown")) return outcome;
      for (const row of change.rows) remember(change, row, head, clock);
      return { kind: "committed", pos: head.pos, at: clock };
    });
  },
});
await startServer(config, kind === "lying" ? { wrapStore } : {});
process.stdout.write("ready\n");
