// What is compared, and how much of it: the options of `compare`, judged at once.

import { usage } from "../complaint.ts";
import { parseSpan } from "../print/times.ts";

export interface CompareOptions {
  readonly requests: string;
  readonly revocations: string;
  readonly sessions: string;
  readonly duration: string;
  readonly cache: string;
  readonly staleness: string;
  readonly coreHour: string;
  readonly millionCalls: string;
  readonly plot?: string;
  readonly json?: true;
}

export interface CompareSettings {
  /** Per second. */
  readonly requests: number;
  /** Per second. */
  readonly revocations: number;
  /** Tokens that the requests bring in turn. */
  readonly sessions: number;
  /** Milliseconds of each of the two parts of a way's turn. */
  readonly durationMs: number;
  /** Milliseconds for which an answer is kept where answers are kept. */
  readonly cacheMs: number;
  /** Milliseconds; M of the verifier. */
  readonly stalenessMs: number;
  readonly prices: Prices;
}

/** In whatever currency they were given in. */
export interface Prices {
  /** For an hour of one core. */
  readonly coreHour: number;
  /** For a million requests to the issuer: what a gateway, a mesh or a hosted issuer asks for them. */
  readonly millionCalls: number;
}

const LONGEST_MS = 60_000;

export function settingsOf(options: CompareOptions): CompareSettings {
  return {
    requests: numberOf("--requests", options.requests, 1, 20_000),
    revocations: numberOf("--revocations", options.revocations, 0.1, 50),
    sessions: wholeOf("--sessions", options.sessions, 10, 5000),
    durationMs: spanOf("--duration", options.duration, 1000),
    cacheMs: spanOf("--cache", options.cache, 100),
    stalenessMs: spanOf("--staleness", options.staleness, 1000),
    prices: {
      coreHour: numberOf("--core-hour", options.coreHour, 0, 1e6),
      millionCalls: numberOf("--million-calls", options.millionCalls, 0, 1e6),
    },
  };
}

/** To start a way's processes, open its sessions and warm it up, about. */
const READY_MS = 9000;

/**
 * Milliseconds that a comparison takes, about. All ways but the one that judges nothing are measured in two parts, and where answers are kept
 * the last one is waited for.
 */
export function lengthOf(settings: CompareSettings, ways: number): number {
  const { durationMs, cacheMs } = settings;
  return ways * READY_MS + (2 * ways - 3) * durationMs + 2 * keepingMs(settings) + cacheMs;
}

/**
 * Milliseconds of each part where answers are kept: whole lives of them. In less, or in half as much again, the issuer would be asked too seldom
 * or too often for what it is asked in the long run, and tokens would be revoked while their answers are all old or all new.
 */
export function keepingMs({ durationMs, cacheMs }: CompareSettings): number {
  return Math.ceil(durationMs / cacheMs) * cacheMs;
}

function numberOf(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,7}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usage(`${option} ${text} is no number from ${least} to ${most}`, "see: hallpass compare --help");
}

function wholeOf(option: string, text: string, least: number, most: number): number {
  const value = numberOf(option, text, least, most);
  if (Number.isInteger(value)) return value;
  throw usage(`${option} ${text} is no whole number`, "see: hallpass compare --help");
}

function spanOf(option: string, text: string, least: number): number {
  const ms = parseSpan(option, text);
  if (ms >= least && ms <= LONGEST_MS) return ms;
  throw usage(`${option} ${text} is not between ${least} ms and ${LONGEST_MS / 1000} s`, "write it like 10s");
}
