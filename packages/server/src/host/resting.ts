// Connections on which somebody was turned away are read again one after another (spec/overload.md, LOAD-6): so many at a time that to turn
// away whoever comes back at once never takes more of the server than a share, and no sooner or later than that. Whoever waits as it was told to
// never notices; a proxy whose connections carry the requests of many has each of them back in the next moment unless all of them are turned away.

import type { Scheduler } from "@hallpass/core";

/** What a rest needs of a socket. */
export interface Connection {
  readonly destroyed: boolean;
  pause(): unknown;
  resume(): unknown;
}

/** Milliseconds; once in a turn of the event loop that takes longer. */
const EVERY_MS = 5;
/** Connections that are read again at a time: those that ask for something at once take some 30 µs each. */
const TOGETHER = 48;

/** Reads no more of a connection until it is its turn. Called in the turn in which it was answered: in the next it might be read already. */
export function restOf(scheduler: Scheduler): (connection: Connection) => void {
  let resting: Connection[] = [];

  function readOn(): void {
    const some = resting;
    resting = some.splice(TOGETHER);
    for (const connection of some) connection.resume();
    if (resting.length > 0) scheduler.after(EVERY_MS, readOn);
  }

  return (connection) => {
    if (connection.destroyed) return;
    connection.pause();
    resting.push(connection);
    if (resting.length === 1) scheduler.after(EVERY_MS, readOn);
  };
}
