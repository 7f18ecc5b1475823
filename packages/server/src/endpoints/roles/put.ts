// PUT /v1/roles/{name}: what a role gives from now on, to everyone who has it. Nobody gives or takes what it does not hold itself.

import { changeRole, parseRoleName } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { readJson } from "../read-json.ts";
import { SCOPES } from "../scopes.ts";

const SCOPE = /^[a-z]+(?::[a-z]+)?$/;

const body = z.strictObject({
  scope: z
    .string()
    .max(2048)
    .transform((text) => (text === "" ? [] : text.split(" ")))
    .refine((names) => names.every((one) => SCOPE.test(one) && (SCOPES as readonly string[]).includes(one))),
});

export const putBody: z.ZodType = body;

export async function put(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const name = parseRoleName(exchange.param("name"));
  if (name === undefined) return refuse(exchange, "role_not_found");
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const { scope } = read.value;
  const changed = await changeRole(services, name, scope, { actor: caller.actor, most: caller.scope });
  if (!changed.ok) return refuse(exchange, changed.code);
  return reply(exchange, 200, { name, scope: (changed.value.get(name) ?? []).join(" ") });
}
