// POST /v1/policies/{name}/preview: what an edit would do to the sessions that live, if it were put and applied now. Writes nothing.

import { type Policy, parsePolicyName, parseSessionId, previewPolicy, readPolicy } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { readJson } from "../read-json.ts";
import { edited, numbers, refuseNumbers } from "./edit.ts";
import { effectToWire } from "./effect-to-wire.ts";

const body = z.strictObject({
  ...numbers,
  cursor: z.string().nullish(),
  /** Sessions that one step goes through. */
  limit: z.int().min(1).max(20_000).default(5000),
});

export const previewBody: z.ZodType = body;

/** An empty edit previews the application of the version that holds. */
export async function preview(services: Services, exchange: Exchange): Promise<Reply> {
  const name = parsePolicyName(exchange.param("name"));
  if (name === undefined) return refuse(exchange, "policy_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const { cursor, limit, ...edit } = read.value;
  const current = await readPolicy(services, name);
  if (!current.ok) return refuse(exchange, current.code);
  const { policy } = current.value;
  const wanted = edited(edit, policy);
  if (wanted === undefined) return refuse(exchange, "policy_incomplete");
  const wrong = refuseNumbers(services, exchange, wanted);
  if (wrong !== undefined) return wrong;
  const isEdit = Object.values(edit).some((value) => value !== undefined);
  const next: Policy = { ...policy, ...wanted, version: isEdit ? policy.version + 1 : policy.version };
  const query = { list: "policy-preview", about: JSON.stringify(next) };
  const opened = await openPage(services, query, cursor ?? undefined);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const after = opened.place === null ? null : (parseSessionId(opened.place) ?? null);
  const effect = await previewPolicy(services, next, { after, limit });
  const sealed = await sealPage(services, query, effect.next);
  return reply(exchange, 200, { policy: name, version: next.version, ...effectToWire(effect, sealed) });
}
