// The endpoints of the fleet and of the nodes, as rows of the table.

import type { ScopedEndpoint } from "./endpoint.ts";
import { feed, pullFeed } from "./feed.ts";
import { nodes } from "./nodes.ts";
import { verifiers } from "./verifiers.ts";

export const FLEET_ROWS: readonly ScopedEndpoint[] = [
  {
    method: "GET",
    path: "/v1/verifiers",
    what: "The fleet: who verifies, what each has applied, when it was last heard.",
    from: { kind: "scope", scope: "verifiers:read" },
    operation: "readFleet",
    file: "verifiers.ts",
    surface: "v1",
    mandate: "free",
    answer: verifiers,
  },
  {
    method: "GET",
    path: "/v1/nodes",
    what: "The nodes on this store, as far as each has noted itself: since when, with how many verifiers, and who leads.",
    from: { kind: "scope", scope: "verifiers:read" },
    operation: "readNodes, readLeader",
    file: "nodes.ts",
    surface: "v1",
    mandate: "free",
    answer: nodes,
  },
  {
    method: "GET",
    path: "/v1/feed",
    what: "The feed: a WebSocket (spec/feed.md).",
    from: { kind: "scope", scope: "feed" },
    operation: "joinFleet",
    file: "feed.ts",
    surface: "v1",
    mandate: "free",
    answer: feed,
  },
  {
    method: "POST",
    path: "/v1/feed",
    what: "The feed for verifiers that keep no connection: one pull (spec/feed.md).",
    from: { kind: "scope", scope: "feed" },
    operation: "joinFleet",
    file: "feed.ts",
    surface: "v1",
    mandate: "free",
    answer: pullFeed,
    body: "spec",
  },
];
