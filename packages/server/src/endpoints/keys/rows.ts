// The endpoints of signing keys.

import type { ScopedEndpoint } from "../endpoint.ts";
import * as keys from "./index.ts";

const READ: ScopedEndpoint["from"] = { kind: "scope", scope: "keys:read" };
const WRITE: ScopedEndpoint["from"] = { kind: "scope", scope: "keys:write" };

export const KEY_ROWS: readonly ScopedEndpoint[] = [
  {
    method: "GET",
    path: "/v1/keys",
    what: "The signing keys, their states and times, and whom the next rotation waits for.",
    from: READ,
    operation: "listKeys",
    file: "keys/list.ts",
    surface: "v1",
    answer: keys.list,
  },
  {
    method: "POST",
    path: "/v1/keys",
    what: "Makes keys of a further algorithm, for clients that are registered with it.",
    from: WRITE,
    operation: "addSigningAlg",
    file: "keys/add.ts",
    surface: "v1",
    answer: keys.add,
  },
  {
    method: "POST",
    path: "/v1/keys/try",
    what: "The next key signs for one client, or a share of all sessions, before it is active; or for nobody again.",
    from: WRITE,
    operation: "tryKey",
    file: "keys/try.ts",
    surface: "v1",
    answer: keys.tryNext,
  },
  {
    method: "POST",
    path: "/v1/keys/compromise",
    what: "Has several keys refused everywhere and for ever, in one change.",
    from: WRITE,
    operation: "compromiseKeys",
    file: "keys/compromise.ts",
    surface: "v1",
    answer: keys.compromiseSeveral,
  },
  {
    method: "POST",
    path: "/v1/keys/:kid/restore",
    what: "A retiring key signs again, and the active one retires.",
    from: WRITE,
    operation: "restoreKey",
    file: "keys/restore.ts",
    surface: "v1",
    answer: keys.restore,
  },
  {
    method: "POST",
    path: "/v1/keys/rotate",
    what: "The next key signs from now on.",
    from: WRITE,
    operation: "rotateKeys",
    file: "keys/rotate.ts",
    surface: "v1",
    answer: keys.rotate,
  },
  {
    method: "POST",
    path: "/v1/keys/:kid/compromise",
    what: "Has a key refused everywhere and for ever.",
    from: WRITE,
    operation: "compromiseKeys",
    file: "keys/compromise.ts",
    surface: "v1",
    answer: keys.compromise,
  },
  {
    method: "POST",
    path: "/v1/keys/:kid/remove",
    what: "Stops publishing a retiring key that no token needs any more.",
    from: WRITE,
    operation: "removeKey",
    file: "keys/remove.ts",
    surface: "v1",
    answer: keys.remove,
  },
];
