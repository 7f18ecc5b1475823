// What an edit of a policy may say. Members that it leaves out stay as they are in the version that holds, or as they are in `from`.

import {
  type Policy,
  type PolicyName,
  type PolicyNumbers,
  parsePolicyName,
  type Seconds,
  type Span,
  secondsOf,
  wrongNumbers,
} from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuseMembers } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { MEMBER_NAMES } from "./policy-to-wire.ts";

/** Bounds of a span stand in core: here it only is one. */
const seconds = z.int().min(1).max(1_000_000_000).transform(secondsOf);

export interface Edit {
  readonly access_lifetime_s: Seconds | undefined;
  readonly idle_s: Seconds | undefined;
  readonly absolute_s: Seconds | undefined;
  readonly remembered: Span | null | undefined;
  readonly retry_window_s: Seconds | undefined;
  readonly recovery_window_s: Seconds | undefined;
  readonly on_reuse: PolicyNumbers["onReuse"] | undefined;
  readonly rotation: PolicyNumbers["rotation"] | undefined;
  readonly refresh_is_activity: boolean | undefined;
  readonly max_sessions: number | undefined;
  readonly over_limit: PolicyNumbers["overLimit"] | undefined;
  readonly required_acr: readonly string[] | undefined;
}

export const numbers: { readonly [member in keyof Edit]: z.ZodType<Edit[member]> } = {
  access_lifetime_s: seconds.optional(),
  idle_s: seconds.optional(),
  absolute_s: seconds.optional(),
  remembered: z
    .strictObject({ idle_s: seconds, absolute_s: seconds })
    .transform(({ idle_s: idle, absolute_s: absolute }) => ({ idle, absolute }))
    .nullable()
    .optional(),
  retry_window_s: seconds.optional(),
  recovery_window_s: seconds.optional(),
  on_reuse: z.enum(["session", "family"]).optional(),
  rotation: z.enum(["always", "off"]).optional(),
  refresh_is_activity: z.boolean().optional(),
  max_sessions: z.int().min(1).max(1_000_000).optional(),
  over_limit: z.enum(["evict_oldest", "refuse"]).optional(),
  required_acr: z.array(fields.acr).max(8).optional(),
};

export const policyName: z.ZodType<PolicyName> = z
  .string()
  .max(63)
  .transform((text, context) => {
    const parsed = parsePolicyName(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom" });
    return z.NEVER;
  });

/** Undefined where neither the edit nor what it starts from has a number. */
export function edited(edit: Edit, from: Policy | undefined): PolicyNumbers | undefined {
  const wanted: { readonly [member in keyof PolicyNumbers]: PolicyNumbers[member] | undefined } = {
    accessLifetime: edit.access_lifetime_s ?? from?.accessLifetime,
    idle: edit.idle_s ?? from?.idle,
    absolute: edit.absolute_s ?? from?.absolute,
    remembered: edit.remembered === undefined ? from?.remembered : edit.remembered,
    retryWindow: edit.retry_window_s ?? from?.retryWindow,
    recoveryWindow: edit.recovery_window_s ?? from?.recoveryWindow,
    onReuse: edit.on_reuse ?? from?.onReuse,
    rotation: edit.rotation ?? from?.rotation,
    refreshIsActivity: edit.refresh_is_activity ?? from?.refreshIsActivity,
    maxSessions: edit.max_sessions ?? from?.maxSessions,
    overLimit: edit.over_limit ?? from?.overLimit,
    requiredAcr: edit.required_acr ?? from?.requiredAcr,
  };
  return isComplete(wanted) ? wanted : undefined;
}

function isComplete(wanted: { readonly [member in keyof PolicyNumbers]: unknown }): wanted is PolicyNumbers {
  return Object.values(wanted).every((value) => value !== undefined);
}

/** Names every number that is out of its limits; undefined when none is. */
export function refuseNumbers(services: Services, exchange: Exchange, policy: PolicyNumbers): Reply | undefined {
  const wrong = wrongNumbers(policy, services.issuer);
  if (wrong.length === 0) return undefined;
  return refuseMembers(
    exchange,
    wrong.map(({ member, is }) => ({ pointer: `/${member.map(nameOf).join("/")}`, code: is })),
  );
}

function nameOf(member: string): string {
  return (MEMBER_NAMES as Readonly<Record<string, string>>)[member] ?? member;
}
