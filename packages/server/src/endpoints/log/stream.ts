// The log as an open stream (spec/log.md): a line of JSON for each fact, and lines with the cursor to go on from. It is pulled: nothing is read
// from the store before what was read is on its way, so a reader that is slow holds one page here, and no more.

import { Fault } from "@hallpass/core";
import type { Services } from "../../services.ts";
import { enter } from "./follow.ts";
import { LOOK_EVERY, type LogPage, type LogQuery, look } from "./look.ts";

export interface LogStream {
  readonly query: LogQuery;
  readonly after: string | null;
  /** Whether it goes on when there is no more. */
  readonly follow: boolean;
  /** The cursor for a place. */
  readonly seal: (place: string | null) => Promise<string | null>;
  /** Whether the caller may still read. */
  readonly mayRead: () => Promise<boolean>;
  readonly toWire: (fact: LogPage["facts"][number]) => object;
  /** Told of what broke it. */
  readonly failed: (thrown: unknown) => void;
}

/** `complete`: there was no more. `drain`: this server stops. `bearer`: the token is over. `unavailable`: the store did not answer. */
type End = "complete" | "drain" | "bearer" | "unavailable";

/** Milliseconds of quiet after which a line is sent, and after which the caller is judged again. */
export const BEAT_EVERY = 10_000;

/** Text in pieces; each is whole lines. */
export async function* streamLog(services: Services, stream: LogStream): AsyncGenerator<string, void> {
  const leave = enter(services);
  const place = { at: stream.after };
  try {
    const end = yield* pages(services, stream, place);
    yield await cursorLine(services, stream, place.at, end);
  } catch (thrown) {
    stream.failed(thrown);
    // The head is out: all that can still be said is that what follows is missing, and where.
    if (thrown instanceof Fault) yield await lastWords(services, stream, place.at);
    else throw thrown;
  } finally {
    leave();
  }
}

async function* pages(
  services: Services,
  { query, follow, mayRead, seal, toWire }: LogStream,
  place: { at: string | null },
): AsyncGenerator<string, End> {
  const { clock, factBell, isServing } = services;
  let judged = clock.monotonic();
  let hasSpoken = false;
  for (;;) {
    const page = await look(services, query, place.at);
    const now = clock.monotonic();
    const isDue = now - judged >= BEAT_EVERY;
    if (isDue) {
      if (!(await mayRead())) return "bearer";
      judged = now;
    }
    const speaks = page.facts.length > 0 || isDue || !hasSpoken;
    const cursor = speaks ? await seal(page.place) : null;
    // Only now: what ends before it has shown nothing of this page.
    place.at = page.place;
    if (speaks) {
      const facts = page.facts.map((fact) => `${JSON.stringify(toWire(fact))}\n`);
      yield `${facts.join("")}${JSON.stringify({ cursor, at_ms: clock.now() })}\n`;
    }
    hasSpoken = true;
    if (!page.more && !follow) return "complete";
    if (!isServing()) return "drain";
    if (!page.more) await factBell.next(page.heard, LOOK_EVERY);
  }
}

async function cursorLine({ clock }: Services, { seal }: LogStream, place: string | null, end: End): Promise<string> {
  return `${JSON.stringify({ cursor: await seal(place), at_ms: clock.now(), end })}\n`;
}

/** Without the store there may be no key for a cursor; then the one before it is the last. */
async function lastWords(services: Services, stream: LogStream, place: string | null): Promise<string> {
  try {
    return await cursorLine(services, stream, place, "unavailable");
  } catch {
    return `${JSON.stringify({ at_ms: services.clock.now(), end: "unavailable" })}\n`;
  }
}
