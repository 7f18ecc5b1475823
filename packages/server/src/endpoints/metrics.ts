// The metrics page. On this listener it needs the scope `metrics:read`, wherever the caller connects from: behind a reverse proxy on the
// same machine everyone connects from loopback. Prometheus can fetch such a token itself (oauth2 in its scrape configuration); a second
// listener (HALLPASS_METRICS_LISTEN) serves the page without one, where the network itself is closed.

import { type Reply, text } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Exchange } from "./endpoint.ts";

export async function metrics(services: Services, exchange: Exchange): Promise<Reply> {
  const page = await services.metricsPage();
  return text(exchange, 200, page.text, page.type);
}
