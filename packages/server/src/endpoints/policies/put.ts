// POST /v1/policies/{name}/versions: puts a new version. It holds for sessions that are opened from now on, and ends nobody.

import { type PolicyNumbers, parsePolicyName, putPolicy, readPolicy } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { edited, numbers, policyName, refuseNumbers } from "./edit.ts";
import { policyToWire } from "./policy-to-wire.ts";

const body = z.strictObject({
  ...numbers,
  /** Another policy whose numbers it starts with, instead of its own. */
  from: policyName.optional(),
  /** The version that the caller saw; 0 for a policy that is not there yet. */
  version: z.int().min(0).optional(),
  actor: fields.words.nullish(),
});

export const putBody: z.ZodType = body;

export async function put(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const name = parsePolicyName(exchange.param("name"));
  if (name === undefined) return refuse(exchange, "policy_not_found");
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const { from, version, actor, ...edit } = read.value;
  const start = from === undefined ? undefined : await readPolicy(services, from);
  if (start?.ok === false) return refuse(exchange, "policy_unknown");
  let wanted: PolicyNumbers | undefined;
  const done = await putPolicy(services, {
    name,
    edit: (current) => (wanted = edited(edit, start?.value.policy ?? current)),
    expectVersion: version ?? null,
    actor: actor ?? caller.actor,
  });
  if (!done.ok) {
    const named = wanted === undefined ? undefined : refuseNumbers(services, exchange, wanted);
    return named ?? refuse(exchange, done.code);
  }
  const { changed, ...next } = done.value;
  return reply(exchange, changed ? 201 : 200, { ...policyToWire(next), changed });
}
