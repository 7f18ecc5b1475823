// The query language of the session search and of revocation by query, as it is written in a body. All members that are there must hold.

import {
  type ClientId,
  type Instant,
  parseIpRange,
  type SessionQuery,
  type SubjectId,
  type TimeRange,
} from "@hallpass/core";
import { z } from "zod";
import * as fields from "./fields.ts";

const range: z.ZodType<TimeRange> = z
  .strictObject({ from_ms: fields.instant.optional(), before_ms: fields.instant.optional() })
  .refine(({ from_ms: from, before_ms: before }) => (from ?? before) !== undefined && !isEmpty(from, before))
  .transform(({ from_ms: from, before_ms: before }) => ({ from: from ?? null, before: before ?? null }));

function isEmpty(from: Instant | undefined, before: Instant | undefined): boolean {
  return from !== undefined && before !== undefined && from >= before;
}

/** As it is written, each member parsed. */
export interface QueryMembers {
  readonly subject: SubjectId | undefined;
  readonly client_id: ClientId | undefined;
  readonly region: string | undefined;
  /** An address or a range of them. */
  readonly ip: string | undefined;
  /** The device's name, exactly. */
  readonly device: string | undefined;
  readonly user_agent: string | undefined;
  readonly user_agent_contains: string | undefined;
  readonly acr: string | undefined;
  readonly opened: TimeRange | undefined;
  readonly last_active: TimeRange | undefined;
}

/** What a body may have beside its own members, in the names of the wire. */
export const QUERY_MEMBERS: { readonly [Name in keyof QueryMembers]: z.ZodType<QueryMembers[Name]> } = {
  subject: fields.subjectId.optional(),
  client_id: fields.clientId.optional(),
  region: fields.words.optional(),
  ip: z
    .string()
    .refine((text) => parseIpRange(text) !== undefined)
    .optional(),
  device: fields.name.optional(),
  user_agent: fields.name.optional(),
  user_agent_contains: fields.name.optional(),
  acr: fields.acr.optional(),
  opened: range.optional(),
  last_active: range.optional(),
};

const members = z.strictObject(QUERY_MEMBERS);

/** At least one member: everything has a target of its own. */
export const sessionQuery: z.ZodType<SessionQuery> = members
  .refine((given) => Object.values(given).some((value) => value !== undefined))
  .transform(queryFromWire);

export function queryFromWire(given: QueryMembers): SessionQuery {
  const all = {
    subject: given.subject,
    client: given.client_id,
    region: given.region,
    ip: given.ip,
    device: given.device,
    userAgent: given.user_agent,
    userAgentHas: given.user_agent_contains,
    acr: given.acr,
    opened: given.opened,
    lastActive: given.last_active,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
