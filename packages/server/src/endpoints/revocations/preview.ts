// What a revocation would end if it were made now: exact counts, whom it would hit, and where it would be enforced by when.

import {
  type AnyTarget,
  afterMs,
  parseSessionId,
  previewRevocation,
  readFleet,
  receiptOf,
  targetToWire,
} from "@hallpass/core";
import { formatPosition } from "@hallpass/protocol";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { DEFAULT_PAGE, openPage, sealPage } from "../page-cursors.ts";
import { affectedToWire } from "./affected-to-wire.ts";

export async function preview(
  services: Services,
  exchange: Exchange,
  targets: readonly AnyTarget[],
  page: { readonly cursor: string | null; readonly limit: number | undefined },
): Promise<Reply> {
  const wire = targets.map(targetToWire);
  const about = { list: "dry run", about: JSON.stringify(wire) };
  const opened = await openPage(services, about, page.cursor ?? undefined);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const after = opened.place === null ? null : (parseSessionId(opened.place) ?? null);
  const seen = await previewRevocation(services, { targets, after, limit: page.limit ?? DEFAULT_PAGE });
  if (!seen.ok) return refuse(exchange, seen.code);
  const { head, asOf, counts, unreadable, affected, next } = seen.value;
  const { hearing, store, tenant, issuer } = services;
  const fleet = {
    members: await readFleet(store, tenant),
    heard: hearing.heard(),
    listeningSince: hearing.listeningSince,
    traits: store.traits,
  };
  const tokensExpireBy = afterMs(asOf, (issuer.longestToken + issuer.skew) * 1000);
  // As if it were committed now, and nobody had heard of it yet.
  const receipt = receiptOf(
    {
      id: "",
      pos: { epoch: head.pos.epoch, seq: head.pos.seq + 1 },
      committed: asOf,
      targets,
      reason: null,
      ticket: null,
      actor: null,
      endedSessions: 0,
      tokensExpireBy,
    },
    fleet,
    asOf,
  );
  return reply(exchange, 200, {
    dry_run: true,
    as_of_ms: asOf,
    head: formatPosition(head.pos),
    targets: wire,
    counts,
    ...((unreadable ?? 0) === 0 ? {} : { unreadable_sessions: unreadable }),
    affected: affected.map(({ session }) => affectedToWire(session.id, session)),
    next_cursor: await sealPage(services, about, next),
    fleet: receipt.fleet,
    services: receipt.services,
    enforced_by_ms: receipt.enforced_by_ms,
    tokens_expire_by_ms: tokensExpireBy,
  });
}
