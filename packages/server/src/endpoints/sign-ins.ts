// POST /v1/sign-ins: how many sign-ins an app saw begin, end well and fail since its last report. Only the app can know: most that fail never
// reach this server. Nothing is kept but the counts.

import { z } from "zod";
import { empty, type Reply } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Exchange } from "./endpoint.ts";
import { readJson } from "./read-json.ts";

const count = z.int().min(0).max(1_000_000).default(0);

const body = z
  .strictObject({ started: count, finished: count, failed: count })
  .refine(({ started, finished, failed }) => started + finished + failed > 0);

export const signInsBody: z.ZodType = body;

export function signIns(services: Services, exchange: Exchange): Reply {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  for (const stage of ["started", "finished", "failed"] as const) {
    if (read.value[stage] > 0) services.observer.signIns(stage, read.value[stage]);
  }
  return empty(exchange, 204);
}
