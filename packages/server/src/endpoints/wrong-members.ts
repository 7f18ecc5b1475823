// Which members of a body are wrong, and how: an RFC 6901 pointer and a code for each (RFC 9457 section 3.1 has such a list).
// What a caller sent stands in no answer: values never, and a name of its own choosing only where it can be nothing but a name.

import type { JsonValue } from "@hallpass/protocol";
import type { z } from "zod";
import type { MemberCode } from "../wire-errors.ts";

export interface WrongMember {
  readonly pointer: string;
  readonly code: MemberCode;
}

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** So that an answer stays small, however much of a body is wrong. */
const MOST = 32;

/** A secret that stands where a name should is longer than this, or has other characters. */
const NAME = /^[a-z][a-z0-9_]{0,31}$/;

export function wrongMembers(value: JsonValue, issues: readonly Issue[]): readonly WrongMember[] {
  const found = new Map<string, WrongMember>();
  for (const one of issues.flatMap((issue) => wrongOf(value, issue))) {
    if (found.size === MOST) break;
    found.set(`${one.code} ${one.pointer}`, one);
  }
  return [...found.values()];
}

function wrongOf(value: JsonValue, issue: Issue): readonly WrongMember[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ pointer: pointerTo(value, [...issue.path, key]), code: "unknown" }));
  return [{ pointer: pointerTo(value, issue.path), code: codeOf(value, issue) }];
}

function codeOf(value: JsonValue, issue: Issue): MemberCode {
  if (isMissing(value, issue.path)) return "missing";
  switch (issue.code) {
    case "too_small":
      return "too_small";
    case "too_big":
      return "too_large";
    case "invalid_value":
      return "not_one_of";
    case "invalid_union":
      // Without a look at any of them: what tells them apart is none that is known.
      return issue.errors.length === 0 ? "not_one_of" : "malformed";
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "invalid_type":
    case "not_multiple_of":
    case "unrecognized_keys":
      return "malformed";
  }
}

/** The pointer stops where a name of the caller's own could be a secret, and where the body has nothing further down. */
function pointerTo(value: JsonValue, path: Path): string {
  let at: unknown = value;
  let pointer = "";
  for (const step of path) {
    if (typeof at !== "object" || at === null) break;
    if (typeof step === "number") pointer += `/${step}`;
    else if (typeof step === "string" && NAME.test(step)) pointer += `/${step}`;
    else break;
    at = Object.hasOwn(at, step) ? (at as Readonly<Record<PropertyKey, unknown>>)[step] : undefined;
  }
  return pointer;
}

function isMissing(value: JsonValue, path: Path): boolean {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null) return false;
    if (!Object.hasOwn(at, step)) return true;
    at = (at as Readonly<Record<PropertyKey, unknown>>)[step];
  }
  return false;
}
