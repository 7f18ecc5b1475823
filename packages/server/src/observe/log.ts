// Log lines: JSON, one per event, bounded fields. Made from values that can't hold a secret; what was thrown is scrubbed besides,
// because nobody knows what a library writes into its messages.

import { Fault } from "@hallpass/core";
import pino from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface Log {
  /** `fields` is asked for only if somebody reads. */
  readonly debug: (event: string, fields: () => object) => void;
  /** The same for fields in a function. */
  readonly info: (event: string, fields: object | (() => object)) => void;
  readonly error: (event: string, fields: object) => void;
  /** Writes what is waiting. */
  readonly flush: () => void;
}

/** Where lines go: pino's own destination, or whatever a test reads. */
export interface LogDestination {
  write(line: string): void;
  flushSync?(): void;
  /** Lines that could not be written; none where nobody counts. */
  lostLines?(): number;
}

/** `bound` stands in every line. */
export function createLog(
  level: LogLevel,
  destination: LogDestination,
  bound: Readonly<Record<string, string>> | null = null,
): Log {
  const logger = pino(
    {
      level,
      base: bound,
      messageKey: "event",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    debug: (event, fields) => {
      if (logger.isLevelEnabled("debug")) logger.debug(fields(), event);
    },
    info: (event, fields) => {
      if (logger.isLevelEnabled("info")) logger.info(typeof fields === "function" ? fields() : fields, event);
    },
    error: (event, fields) => logger.error(fields, event),
    flush: () => destination.flushSync?.(),
  };
}

const DEEPEST_CAUSE = 5;

/** What was thrown, as fields: a fault by its code, anything else with its stack, and the causes of both. */
export function thrownToLog(thrown: unknown, depth = 0): object {
  if (!(thrown instanceof Error)) return { thrown: typeof thrown };
  const { name, message, stack, cause } = thrown;
  const below = cause === undefined || depth >= DEEPEST_CAUSE ? {} : { cause: thrownToLog(cause, depth + 1) };
  if (thrown instanceof Fault) return { name, code: thrown.code, ...below };
  return { name, message: scrubbed(message), stack: scrubbed(stack ?? ""), ...below };
}

/** Without anything that looks like a token, or the beginning of one, or a secret of ours (spec/session-token.md OP-3). Takes time by the length of the text. */
export function scrubbed(text: string): string {
  return text
    .replaceAll(/hp[rsca]_[A-Za-z0-9_-]{8,}/g, "[secret]")
    .replaceAll(/eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}/g, "[token]")
    .replaceAll(/\b(basic|bearer) [A-Za-z0-9._~+/=-]{8,}/gi, "$1 [secret]");
}
