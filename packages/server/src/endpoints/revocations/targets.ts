// What can be revoked, as it is written in a body, and how it becomes what core revokes.

import {
  type AnyTarget,
  type ClientId,
  type FamilyId,
  type Instant,
  isLarge,
  MAX_TARGETS,
  resolveLeaked,
  Secret,
  type SessionId,
  type SessionQuery,
  type SubjectId,
  type Target,
} from "@hallpass/core";
import { parsePosition } from "@hallpass/protocol";
import { z } from "zod";
import type { Services } from "../../services.ts";
import * as fields from "../fields.ts";
import { sessionQuery } from "../session-query.ts";
import type { WrongMember } from "../wrong-members.ts";

const target = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("session"), sid: fields.sessionId }),
  z.strictObject({ type: z.literal("family"), sid: fields.sessionId, fam: fields.familyId }),
  z.strictObject({
    type: z.literal("token"),
    jti: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
    exp: fields.numericDate.optional(),
  }),
  z.strictObject({ type: z.literal("subject"), subject: fields.subjectId }),
  z.strictObject({ type: z.literal("client"), client_id: fields.clientId }),
  z.strictObject({ type: z.literal("tenant") }),
  z
    .strictObject({
      type: z.literal("before"),
      pos: z
        .string()
        .refine((text) => parsePosition(text) !== undefined)
        .optional(),
      time_ms: fields.instant.optional(),
    })
    .refine(({ pos, time_ms: time }) => (pos === undefined) !== (time === undefined)),
  z.strictObject({ type: z.literal("query"), query: sessionQuery }),
  /** The raw token: it becomes what it stands for here, and goes no further. */
  z.strictObject({
    type: z.literal("leaked"),
    token: z
      .string()
      .min(1)
      .max(4096)
      .transform((text) => new Secret(text)),
  }),
  z.strictObject({ type: z.literal("key"), kid: z.string().max(128) }),
]);

export const targets: z.ZodType<readonly WireTarget[]> = z.array(target).min(1).max(MAX_TARGETS);

export type WireTarget =
  | { readonly type: "session"; readonly sid: SessionId }
  | { readonly type: "family"; readonly sid: SessionId; readonly fam: FamilyId }
  | { readonly type: "token"; readonly jti: string; readonly exp?: number | undefined }
  | { readonly type: "subject"; readonly subject: SubjectId }
  | { readonly type: "client"; readonly client_id: ClientId }
  | { readonly type: "tenant" }
  | { readonly type: "before"; readonly pos?: string | undefined; readonly time_ms?: Instant | undefined }
  | { readonly type: "query"; readonly query: SessionQuery }
  | { readonly type: "leaked"; readonly token: Secret }
  | { readonly type: "key"; readonly kid: string };

export type ReadTargets =
  | { readonly kind: "small"; readonly targets: readonly Target[] }
  | { readonly kind: "large"; readonly target: Exclude<AnyTarget, Target> }
  | { readonly kind: "refused"; readonly code: "target_is_key" | "token_not_genuine" }
  | { readonly kind: "wrong"; readonly members: readonly WrongMember[] };

/** Throws Faults of the store: a leaked token is looked up. */
export async function readTargets(services: Services, given: readonly WireTarget[]): Promise<ReadTargets> {
  const all: AnyTarget[] = [];
  for (const one of given) {
    // A key is no notice: it is part of the key set, and is refused there (design of keys: spec/feed.md).
    if (one.type === "key") return { kind: "refused", code: "target_is_key" };
    if (one.type === "leaked") {
      const found = await resolveLeaked(services, one.token);
      if (!found.ok) return { kind: "refused", code: "token_not_genuine" };
      all.push(found.value);
    } else all.push(targetFromWire(one));
  }
  const [first, ...more] = all;
  if (first !== undefined && isLarge(first) && more.length === 0) return { kind: "large", target: first };
  const large = all.flatMap((one, index) => (isLarge(one) ? [index] : []));
  if (large.length > 0) return wrong(large, "not_alone");
  const small = all.filter((one): one is Target => !isLarge(one));
  // Two rows of one change: the same target twice, or a family beside its session.
  const rows = small.map(rowOf);
  const repeated = rows.flatMap((row, index) => (rows.indexOf(row) === index ? [] : [index]));
  return repeated.length > 0 ? wrong(repeated, "repeated") : { kind: "small", targets: small };
}

/** Those that no other row has to name and no run looks for. */
export function targetsAtHand(given: readonly WireTarget[]): readonly Target[] {
  return given.flatMap((one) => {
    if (one.type === "key" || one.type === "leaked") return [];
    const named = targetFromWire(one);
    return isLarge(named) ? [] : [named];
  });
}

function wrong(places: readonly number[], code: WrongMember["code"]): ReadTargets {
  return { kind: "wrong", members: places.map((index) => ({ pointer: `/targets/${index}`, code })) };
}

function targetFromWire(given: Exclude<WireTarget, { type: "leaked" | "key" }>): AnyTarget {
  switch (given.type) {
    case "session":
      return { kind: "session", session: given.sid };
    case "family":
      return { kind: "family", session: given.sid, family: given.fam };
    case "token":
      return { kind: "token", jti: given.jti, expires: given.exp === undefined ? null : fields.atSeconds(given.exp) };
    case "subject":
      return { kind: "subject", subject: given.subject };
    case "client":
      return { kind: "client", client: given.client_id };
    case "tenant":
      return { kind: "tenant" };
    case "before": {
      const pos = given.pos === undefined ? undefined : parsePosition(given.pos);
      if (pos !== undefined) return { kind: "before", pos };
      if (given.time_ms === undefined) throw new Error("a cut-off has neither position nor time");
      return { kind: "before", time: given.time_ms };
    }
    case "query":
      return { kind: "query", query: given.query };
  }
}

function rowOf(one: Target): string {
  switch (one.kind) {
    case "session":
    case "family":
      return `session ${one.session}`;
    case "token":
      return `token ${one.jti}`;
    case "subject":
      return `subject ${one.subject}`;
    case "client":
      return `client ${one.client}`;
  }
}
