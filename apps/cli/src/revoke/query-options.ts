// The query language on the command line: the options of `revoke query` and `sessions search`.

import type { Command } from "commander";
import { usage } from "../complaint.ts";

export interface QueryOptions {
  readonly subject?: string;
  readonly client?: string;
  readonly region?: string;
  readonly ip?: string;
  readonly device?: string;
  readonly userAgent?: string;
  readonly userAgentContains?: string;
  readonly acr?: string;
  readonly openedFrom?: string;
  readonly openedBefore?: string;
  readonly activeFrom?: string;
  readonly activeBefore?: string;
}

export function withQuery(command: Command): Command {
  return command
    .option("--subject <subject>")
    .option("--client <id>")
    .option("--region <words>", "as your app has told it")
    .option("--ip <range>", "an address, or a range like 203.0.113.0/24")
    .option("--device <name>", "exactly")
    .option("--user-agent <text>", "exactly")
    .option("--user-agent-contains <text>", "somewhere in it, in capitals or not")
    .option("--acr <class>")
    .option("--opened-from <time>", "like 2026-11-21T09:00:00Z")
    .option("--opened-before <time>")
    .option("--active-from <time>", "active last at or after it")
    .option("--active-before <time>");
}

/** As the server reads it. Throws a complaint for a time that is none. */
export function queryOf(options: QueryOptions): Readonly<Record<string, unknown>> {
  const all = {
    subject: options.subject,
    client_id: options.client,
    region: options.region,
    ip: options.ip,
    device: options.device,
    user_agent: options.userAgent,
    user_agent_contains: options.userAgentContains,
    acr: options.acr,
    opened: rangeOf("--opened", options.openedFrom, options.openedBefore),
    last_active: rangeOf("--active", options.activeFrom, options.activeBefore),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function rangeOf(option: string, from: string | undefined, before: string | undefined): object | undefined {
  if (from === undefined && before === undefined) return undefined;
  return {
    ...(from === undefined ? {} : { from_ms: parseTime(`${option}-from`, from) }),
    ...(before === undefined ? {} : { before_ms: parseTime(`${option}-before`, before) }),
  };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Milliseconds of an RFC 3339 time, which says its zone: an incident is no time to guess one. */
export function parseTime(option: string, text: string): number {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw usage(`${option} ${text} is no time`, "write it with its zone, like 2026-11-21T09:00:00Z");
  return ms;
}
