// GET /v1/log/readers: who reads the facts, how far each is, and what it could not take.

import { listReaders } from "@hallpass/core";
import { type Reply, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";

const MOST_LETTERS = 200;

export async function readers(services: Services, exchange: Exchange): Promise<Reply> {
  const listed = await listReaders(services.store, services.tenant, MOST_LETTERS);
  return reply(exchange, 200, {
    readers: listed.readers.map((one) => ({
      name: one.name,
      last_fact_at_ms: one.factAt,
      failures: one.failures,
      retry_at_ms: one.retryAt,
      laid_aside: one.laidAside,
    })),
    dead_letters: listed.deadLetters.map((letter) => ({
      reader: letter.reader,
      kind: letter.kind,
      session: letter.session,
      at_ms: letter.at,
      laid_aside_ms: letter.laidAside,
    })),
  });
}
