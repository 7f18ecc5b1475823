// A subject never stands in a URL: in its place stands a reference that only this server can open.

import { type Block, openSubjectRef, ringKey, type SeenSubject, type SubjectId, subjectRef } from "@hallpass/core";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";

/** Undefined for a reference that this tenant's keys did not make. */
export async function subjectOf(services: Services, exchange: Exchange): Promise<SubjectId | undefined> {
  const { store, tenant, keys } = services;
  const { mac } = keys.open(await store.read([ringKey(tenant)]));
  return openSubjectRef(mac, tenant, exchange.param("ref"));
}

export async function subjectToWire(services: Services, seen: SeenSubject): Promise<object> {
  const { store, tenant, keys } = services;
  const { mac } = keys.open(await store.read([ringKey(tenant)]));
  return {
    ref: subjectRef(mac, tenant, seen.subject),
    subject: seen.subject,
    block: seen.block === null ? null : blockToWire(seen.block),
    live_sessions: seen.liveSessions,
  };
}

export function blockToWire({ reason, actor, at, until, revocation }: Block): object {
  return { reason, actor, at_ms: at, until_ms: until, revocation };
}
