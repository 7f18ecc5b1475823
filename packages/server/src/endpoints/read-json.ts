// A body of /v1: strict JSON in UTF-8, an object of exactly the members that the schema knows; what is
// wrong is named, all of it at once.

import { isMediaType, type JsonLimits, type JsonValue, parseStrictJsonBytes } from "@hallpass/protocol";
import type { z } from "zod";
import { type Reply, refuse, refuseMembers } from "../replies.ts";
import type { Exchange } from "./endpoint.ts";
import { wrongMembers } from "./wrong-members.ts";

export type ReadBody<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Reply };

/** Of every JSON body. */
const JSON_LIMITS: JsonLimits = { maxLength: 65_536, maxDepth: 16, maxMembers: 512, onlyExactNumbers: true };

const parsedBodies = new WeakMap<Uint8Array, ReturnType<typeof parseStrictJsonBytes>>();

/** Of each body once, however many ask: who acts is judged before the endpoint reads the rest. */
export function bodyJson(body: Uint8Array): ReturnType<typeof parseStrictJsonBytes> {
  const known = parsedBodies.get(body);
  if (known !== undefined) return known;
  const json = parseStrictJsonBytes(body, JSON_LIMITS);
  parsedBodies.set(body, json);
  return json;
}

/** With `absentIs`, a request without a body and without a type is read as that value. */
export function readJson<T>(
  exchange: Exchange,
  schema: z.ZodType<T>,
  absentIs?: Readonly<Record<string, JsonValue>>,
): ReadBody<T> {
  const type = exchange.request.headers.get("content-type");
  if (exchange.body.length === 0 && type === null && absentIs !== undefined) return judged(exchange, schema, absentIs);
  if (!isMediaType(type, "application/json")) return { ok: false, refusal: refuse(exchange, "json_required") };
  const json = bodyJson(exchange.body);
  if (!json.ok) return { ok: false, refusal: refuse(exchange, "json_malformed") };
  return judged(exchange, schema, json.value);
}

function judged<T>(exchange: Exchange, schema: z.ZodType<T>, value: JsonValue): ReadBody<T> {
  const parsed = schema.safeParse(value);
  // Whoever acts stands in one place: a body can't name another than the header does.
  if (parsed.success && isOtherActor(exchange, parsed.data))
    return { ok: false, refusal: refuse(exchange, "actor_differs") };
  return parsed.success
    ? { ok: true, value: parsed.data }
    : { ok: false, refusal: refuseMembers(exchange, wrongMembers(value, parsed.error.issues)) };
}

function isOtherActor({ human }: Exchange, value: unknown): boolean {
  if (human === undefined || typeof value !== "object" || value === null || !("actor" in value)) return false;
  return typeof value.actor === "string" && value.actor !== human.id;
}
