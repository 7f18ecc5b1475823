// Verifiers: who enforces revocations.

import { type Check, given, right, unknown, type Verdict, warning } from "../check.ts";
import type { Facts, FleetFacts } from "../facts.ts";

type Verifier = FleetFacts["verifiers"][number];

const SKEW_LIMIT_MS = 2000;

export const FLEET_CHECKS: readonly Check[] = [
  {
    id: "verifiers-accept",
    list: "pre-production",
    title: "No verifier accepts tokens when its view is stale",
    why: "Cut off from the feed, it would believe revoked tokens until they expire.",
    mend: "configure it with onStale: unavailable",
    judge: (facts) => fleet(facts, (all) => all.filter((one) => one.on_stale === "accept")),
  },
  {
    id: "verifiers-silent",
    list: "production",
    title: "Every verifier was heard within the staleness it allows itself",
    why: "A silent one enforces nothing new; receipts wait for it.",
    mend: "look at the instance; hallpass verifiers says since when",
    judge: (facts) => fleet(facts, (all, now) => all.filter((one) => now - one.last_seen_ms > one.max_staleness_ms)),
  },
  {
    id: "verifiers-view",
    list: "production",
    title: "Every verifier's view is as fresh as it promises",
    why: "A verifier with an old view knows nothing of the revocations since.",
    mend: "look at the network between it and the server, and at its load",
    judge: (facts) => reported(facts, "view_age_ms", (one, age) => age > one.max_staleness_ms),
  },
  {
    id: "verifiers-clocks",
    list: "production",
    title: "Verifiers' clocks agree with the server's",
    why: "A clock that is ahead rejects good tokens, one that is behind accepts dead ones.",
    mend: "run NTP where the verifier runs",
    judge: (facts) => reported(facts, "clock_skew_ms", (_, skew) => Math.abs(skew) > SKEW_LIMIT_MS),
  },
];

function fleet(facts: Facts, wrong: (all: readonly Verifier[], now: number) => readonly Verifier[]): Verdict {
  return given(facts.fleet, ({ verifiers, as_of_ms: now }) => {
    if (verifiers.length === 0) return unknown("no verifier has connected lately");
    const named = wrong(verifiers, now);
    return named.length === 0 ? right(`${verifiers.length} looked at`) : warning(named.map(nameOf).join(", "));
  });
}

/** A verifier that reports no such number can't be judged by it. */
function reported(
  facts: Facts,
  stat: keyof Verifier["stats"],
  isWrong: (one: Verifier, value: number) => boolean,
): Verdict {
  return given(facts.fleet, ({ verifiers }) => {
    if (verifiers.length === 0) return unknown("no verifier has connected lately");
    const wrong = verifiers.filter((one) => one.stats[stat] !== undefined && isWrong(one, one.stats[stat]));
    if (wrong.length > 0) return warning(wrong.map(nameOf).join(", "));
    const mute = verifiers.filter((one) => one.stats[stat] === undefined);
    return mute.length > 0
      ? unknown(`not yet reported by ${mute.map(nameOf).join(", ")}`)
      : right(`${verifiers.length} looked at`);
  });
}

function nameOf({ service, instance }: Verifier): string {
  return `${service}/${instance}`;
}
