// Instants and spans as people read them, and spans as people type them.

import { usage } from "../complaint.ts";

export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** `in 4.2 s`, `3 min ago`, `now`. */
export function relative(ms: number, now: number): string {
  const distance = Math.abs(ms - now);
  if (distance < 50) return "now";
  return ms > now ? `in ${span(distance)}` : `${span(distance)} ago`;
}

export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Milliseconds of `250ms`, `5s` or `1m`. Throws a complaint that names the option. */
export function parseSpan(option: string, text: string): number {
  const match = /^(\d{1,7})(ms|s|m)$/.exec(text);
  const ms = Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? Number.NaN);
  if (!Number.isSafeInteger(ms)) throw usage(`${option} ${text} is no span of time`, "write it like 5s or 250ms");
  return ms;
}
