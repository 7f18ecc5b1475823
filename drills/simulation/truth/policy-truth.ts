// Every version of every policy, as it was put, and what of it a session's row may say: told of every commit.

import type { Change, Policy, Session } from "@hallpass/core";
import { POLICIES } from "../parts/settings.ts";
import { Violation } from "../world/violation.ts";
import { absoluteEndOf } from "./ends.ts";

type Numbers = Session["policy"];

/** What a session takes over as it is; `absolute` apart, which no child may have more of than its parent leaves it. */
const TAKEN_OVER = ["idle", "accessLifetime", "retryWindow", "recoveryWindow", "onReuse", "refreshIsActivity"] as const;

interface Shortened {
  /** By the store's clock. */
  readonly end: number;
  /** True time. */
  readonly at: number;
}

export class PolicyTruth {
  readonly #versions = new Map<string, Policy>();
  readonly #current = new Map<string, number>();
  /** Versions that somebody was told to bring to the sessions that live. */
  readonly #applied = new Set<string>();
  readonly #shortened = new Map<string, Shortened>();

  constructor() {
    for (const [name, policy] of POLICIES) {
      this.#versions.set(`${name} ${policy.version}`, policy);
      this.#current.set(name, policy.version);
    }
  }

  /** As the version has it that the session was opened under, or was brought to. */
  of({ policy }: Session): Policy {
    return this.#version(policy);
  }

  /** Somebody asks for it: from now on sessions may change. */
  mayApply(name: string, version: number): void {
    this.#applied.add(`${name} ${version}`);
  }

  /** Versions follow on one another, whoever writes them. */
  put(change: Change): void {
    for (const { key, next } of change.rows) {
      if (key.kind !== "policy" || typeof next === "string") continue;
      const policy = { ...(JSON.parse(next.value) as Policy), name: key.id };
      const before = this.#current.get(key.id) ?? 0;
      if (policy.version !== before + 1)
        throw new Violation("P4-serial", `policy ${key.id} became version ${policy.version} after ${before}`);
      this.#versions.set(`${key.id} ${policy.version}`, policy);
      this.#current.set(key.id, policy.version);
    }
  }

  judgeOpened(session: Session, parent: Session | undefined): void {
    const { name, version } = session.policy;
    if (version !== this.#current.get(name))
      throw new Violation(
        "P8-policy-holds",
        `${session.id} was opened under version ${version} of ${name}, which holds no more`,
      );
    this.#judgeNumbers(session, this.#version(session.policy).absolute);
    if (parent !== undefined && absoluteEndOf(session) > absoluteEndOf(parent))
      throw new Violation("P8-policy-holds", `${session.id} was opened to outlive its parent ${parent.id}`);
  }

  /** An edit changes no session; whoever is told to apply it does, and gives a child no more life than it had. */
  judgeFollowed(before: Session, next: Session, now: number): void {
    if (JSON.stringify(before.policy) === JSON.stringify(next.policy)) return;
    const { name, version } = next.policy;
    const isAsked = this.#applied.has(`${name} ${version}`) && version === this.#current.get(name);
    if (name !== before.policy.name || version <= before.policy.version || !isAsked)
      throw new Violation(
        "P8-policy-holds",
        `${next.id} went from version ${before.policy.version} of ${before.policy.name} to ${version} of ${name}, which nobody applies`,
      );
    const { absolute } = this.#version(next.policy);
    this.#judgeNumbers(next, before.ancestors.length === 0 ? absolute : Math.min(absolute, before.policy.absolute));
    const [was, end] = [absoluteEndOf(before), absoluteEndOf(next)];
    if (end < was) this.#shortened.set(next.id, { end, at: now });
    else if (end > was) this.#shortened.delete(next.id);
  }

  /** Since a moment of true time its session ends before it does. */
  outlives(sid: string | undefined, exp: number, until: number): boolean {
    const shortened = sid === undefined ? undefined : this.#shortened.get(sid);
    return shortened !== undefined && shortened.at <= until && exp * 1000 > shortened.end;
  }

  #judgeNumbers({ id, policy, ancestors }: Session, most: number): void {
    const held = this.#version(policy);
    const wrong = TAKEN_OVER.find((number) => policy[number] !== held[number]);
    if (wrong !== undefined)
      throw new Violation("P8-policy-holds", `${id} has ${wrong} ${policy[wrong]}, and its policy ${held[wrong]}`);
    if (policy.absolute > most || (ancestors.length === 0 && policy.absolute !== most))
      throw new Violation("P8-policy-holds", `${id} may live ${policy.absolute} s, and not ${most}`);
  }

  #version({ name, version }: Numbers): Policy {
    const policy = this.#versions.get(`${name} ${version}`);
    if (policy === undefined) throw new Violation("P8-policy-holds", `there is no version ${version} of ${name}`);
    return policy;
  }
}
