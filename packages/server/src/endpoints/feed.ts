// GET /v1/feed without an upgrade. The feed itself is a WebSocket and is judged in src/feed, before any router sees it.

import { type Reply, refuse } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Exchange } from "./endpoint.ts";

export function feed(_: Services, exchange: Exchange): Reply {
  return refuse(exchange, "upgrade_required", { upgrade: "websocket" });
}
