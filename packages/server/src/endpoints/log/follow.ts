// The facts after a place that a caller asked for, in the order of their commits. Whoever follows waits here until there is one, the time is
// over or the server drains; then it asks again with the cursor that it got. So nobody is sent more than it asked for, however slow it reads.

import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { mayWait } from "../may-wait.ts";
import { LOOK_EVERY, type LogPage, type LogQuery, look } from "./look.ts";

/** Of one tenant on one node, those that keep a stream open as well. */
const MOST_FOLLOWERS = 64;

const followers = new WeakMap<Services["factBell"], number>();

export function isCrowded({ factBell }: Services): boolean {
  return (followers.get(factBell) ?? 0) >= MOST_FOLLOWERS;
}

/** Whoever enters calls the answer once, when it leaves. */
export function enter({ factBell }: Services): () => void {
  followers.set(factBell, (followers.get(factBell) ?? 0) + 1);
  return () => followers.set(factBell, (followers.get(factBell) ?? 1) - 1);
}

/** `followMs`: how long to wait for a fact. Where too many wait already, what is there now is the answer (LOAD-7). */
export async function followLog(
  services: Services,
  exchange: Pick<Exchange, "request">,
  query: LogQuery & { readonly followMs: number },
  after: string | null,
): Promise<LogPage> {
  const { clock, factBell, isServing } = services;
  const until = clock.monotonic() + query.followMs;
  let page = await look(services, query, after);
  if (isCrowded(services)) return page;
  const leave = enter(services);
  try {
    while (page.facts.length === 0 && isServing()) {
      const left = until - clock.monotonic();
      if (left <= 0) return page;
      if (!page.more && !mayWait(exchange)) return page;
      if (!page.more) await factBell.next(page.heard, Math.min(left, LOOK_EVERY));
      page = await look(services, query, page.place);
    }
    return page;
  } finally {
    leave();
  }
}
