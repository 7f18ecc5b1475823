// What was seen, as a table by kind of fault, as one line, and as a plot.

import type { Plot } from "../../scripts/plot.ts";
import { quantile } from "../quantile.ts";
import { acceptedFor, type Outcome } from "./outcome.ts";

export function tableOf(outcomes: readonly Outcome[]): string {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))].toSorted();
  const rows = [...kinds, undefined].map((kind) => {
    const all = outcomes.filter((one) => kind === undefined || one.kind === kind);
    const ms = all.flatMap((one) => acceptedFor(one) ?? []);
    const at = (share: number): string => (ms.length === 0 ? "–" : quantile(ms, share).toFixed(0));
    return [kind ?? "all", String(ms.length), at(0.5), at(0.99), at(1)];
  });
  const head = ["acknowledgement → last acceptance, ms", "revocations", "p50", "p99", "max"];
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  return table
    .map((row) =>
      row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  "),
    )
    .join("\n");
}

export function countsOf(
  outcomes: readonly Outcome[],
): Readonly<Record<"revocations" | "probes" | "receipts", number>> {
  return {
    revocations: outcomes.length,
    probes: outcomes.reduce((sum, { shown }) => sum + shown.probes, 0),
    receipts: outcomes.reduce((sum, { reads }) => sum + reads.length, 0),
  };
}

/** Milliseconds, rounded up; 0 where nothing was accepted after the acknowledgement. */
export function latestOf(outcomes: readonly Outcome[]): number {
  return Math.max(0, ...outcomes.map((one) => Math.ceil(acceptedFor(one) ?? 0)));
}

export function figureOf(outcomes: readonly Outcome[], schedules: number, broken: number, m: number): string {
  const { revocations, probes, receipts } = countsOf(outcomes);
  const ms = outcomes.flatMap((one) => acceptedFor(one) ?? []);
  const calm = outcomes.filter(({ kind }) => kind === "none").flatMap((one) => acceptedFor(one) ?? []);
  return (
    `${schedules} schedules, ${revocations} revocations, ${probes} probes, ${receipts} receipts: ${broken} promises broken; ` +
    `last acceptance after the acknowledgement p99 ${quantile(ms, 0.99).toFixed(0)} ms, latest ${quantile(ms, 1).toFixed(0)} ms with M ${m} ms` +
    (calm.length === 0 ? "" : `; without a fault p99 ${quantile(calm, 0.99).toFixed(0)} ms`)
  );
}

const GROUPS: Readonly<Record<string, readonly Outcome["kind"][]>> = {
  "no fault": ["none"],
  "slow or held": ["delayed", "held", "slow, then dark"],
  "dark or cut": ["dark", "dark to the node", "dark to the verifier", "cut"],
  "repeated, overtaken": ["repeated", "overtaken"],
  "verifiers stopped": ["verifiers stopped", "verifiers asleep"],
  "clock jumps": ["wall clock jumps", "wall clock jumps while stopped"],
  "node or proxy stopped": ["node stopped", "proxy stopped"],
};
const POINTS = 100;

/** Which share of the revoked tokens that are refused was refused within how many milliseconds, by what happened meanwhile. */
export function plotOf(outcomes: readonly Outcome[], m: number): Plot {
  const series = Object.entries(GROUPS).map(([name, kinds]) => {
    const those = outcomes.filter(({ kind }) => kinds.includes(kind));
    const ms = those.flatMap((one) => acceptedFor(one) ?? []).toSorted((a, b) => a - b);
    const shares = Array.from({ length: ms.length === 0 ? 0 : POINTS + 1 }, (_, point) => point / POINTS);
    return { name, points: shares.map((share) => [Math.round(quantile(ms, share)), share] as const) };
  });
  return {
    title: `From the acknowledgement of a revocation to the last acceptance, M ${m} ms`,
    x: { name: "milliseconds" },
    y: { name: "share of the revoked tokens that are refused" },
    series: series.filter(({ points }) => points.length > 0),
  };
}
