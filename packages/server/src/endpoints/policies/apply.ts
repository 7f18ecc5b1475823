// POST /v1/policies/{name}/apply: brings the version that holds to the sessions that live under an earlier one, a step at a time.

import { applyPolicy, parsePolicyName, parseSessionId } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { readJson } from "../read-json.ts";
import { effectToWire } from "./effect-to-wire.ts";

const body = z.strictObject({
  /** The one that was previewed: another is refused. */
  version: z.int().min(1),
  cursor: z.string().nullish(),
  /** Sessions that one step goes through. */
  limit: z.int().min(1).max(5000).default(1000),
  actor: fields.words.nullish(),
});

export const applyBody: z.ZodType = body;

export async function apply(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const name = parsePolicyName(exchange.param("name"));
  if (name === undefined) return refuse(exchange, "policy_not_found");
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const { version, cursor, limit, actor } = read.value;
  const query = { list: "policy-apply", about: `${name}/${version}` };
  const opened = await openPage(services, query, cursor ?? undefined);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const after = opened.place === null ? null : (parseSessionId(opened.place) ?? null);
  const step = { name, version, after, limit, actor: actor ?? caller.actor };
  const applied = await applyPolicy(services, step);
  if (!applied.ok) return refuse(exchange, applied.code);
  const sealed = await sealPage(services, query, applied.value.next);
  return reply(exchange, 200, { policy: name, version, ...effectToWire(applied.value, sealed) });
}
