// A policy as the server shows it, and how people read and write its numbers.

import { usage } from "../complaint.ts";
import { span } from "../print/times.ts";

export interface WirePolicy {
  readonly name: string;
  readonly version: number;
  readonly put: { readonly at_ms: number; readonly by: string | null } | null;
  readonly [number: string]: unknown;
}

/** The members of a policy that are its numbers. */
export function numbersOf(policy: WirePolicy): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(policy).filter(([name]) => !["name", "version", "put", "changed"].includes(name));
}

/** `86400 (24 h)` for a member that is a span, JSON for what is neither a text nor a number. */
export function valueText(name: string, value: unknown): string {
  if (name.endsWith("_s") && typeof value === "number") return `${value} (${span(value * 1000)})`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `idle_s=86400`, `remembered=null`, `required_acr=["aal2"]`: the value is JSON, or else a text. Throws a complaint. */
export function editOf(set: readonly string[] | undefined): Readonly<Record<string, unknown>> {
  const pairs = (set ?? []).map((text): [string, unknown] => {
    const at = text.indexOf("=");
    if (at < 1) throw usage(`${text} sets nothing`, "write it like idle_s=86400, or remembered=null");
    return [text.slice(0, at), valueOf(text.slice(at + 1))];
  });
  return Object.fromEntries(pairs);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A whole number from 0 on. Throws a complaint that names the option. */
export function versionOf(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw usage(`--version ${text} is no version`, "see them with: hallpass policies versions");
  return Number(text);
}
