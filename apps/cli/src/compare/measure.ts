// One way's turn: an issuer and an API of its own, sessions, then two parts. In the first the requests come at their rate and sessions are
// revoked at theirs, and it is measured what that costs. In the second all goes on, and each token that is revoked is tried until it is refused.

import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DEMO_API_CREDENTIALS, DEMO_AUDIENCE } from "@hallpass/server";
import { type ServerApi, serverApi } from "../connection/server-api.ts";
import { fileCredentials, OPERATOR_CREDENTIALS } from "../connection/settings.ts";
import type { OpenedSession } from "../sessions/session-wire.ts";
import { type Part, startPart } from "./child.ts";
import type { Measured } from "./figures.ts";
import { type Ask, asking, inTurn, startTraffic, warm } from "./load.ts";
import { type CompareSettings, keepingMs } from "./settings.ts";
import type { WayName } from "./ways.ts";

/** Before its rate, as fast as they are answered: so many requests, but no longer than that. Then a second at its rate. */
const WARM_REQUESTS = 5000;
const WARM_WITHIN_MS = 5000;
const WARM_MS = 1000;
const OPENED_AT_ONCE = 8;
/** Tried one after the other at first, then with pauses. */
const CLOSELY_MS = 50;
const PROBE_EVERY_MS = 10;
/** Beyond what the way itself promises. */
const GIVE_UP_AFTER_MS = 5000;

interface Holder {
  readonly sid: string;
  readonly token: string;
}

/** `data` is an empty directory, and what is left in it is of no use. `said` hears what is being done. */
export async function measure(
  way: WayName,
  settings: CompareSettings,
  data: string,
  said: (what: string) => void,
): Promise<Measured> {
  const issuer = await startPart("issuer", { data });
  try {
    const url = `http://127.0.0.1:${issuer.port}`;
    const server = serverApi(url, () => fileCredentials(join(data, OPERATOR_CREDENTIALS)));
    const toRevoke = 2 * Math.ceil((settings.revocations * partMs(way, settings)) / 1000);
    said(`opening ${settings.sessions + toRevoke} sessions`);
    const holders = await openSessions(server, settings.sessions + toRevoke);
    const credentials = fileCredentials(join(data, DEMO_API_CREDENTIALS));
    const { cacheMs, stalenessMs } = settings;
    const judging = { name: way, issuer: url, audience: DEMO_AUDIENCE, credentials, cacheMs, stalenessMs };
    const api = await startPart("api", judging);
    try {
      return await inTwoParts({ way, settings, server, holders, issuer, api, said });
    } finally {
      await api.stop();
    }
  } finally {
    await issuer.stop();
  }
}

interface Turn {
  readonly way: WayName;
  readonly settings: CompareSettings;
  readonly server: ServerApi;
  readonly holders: Holder[];
  readonly issuer: Part;
  readonly api: Part;
  readonly said: (what: string) => void;
}

async function inTwoParts({ way, settings, server, holders, issuer, api, said }: Turn): Promise<Measured> {
  const ask = asking(api.port);
  const next = inTurn(holders, settings.sessions);
  const traffic = () => startTraffic(ask, settings.requests, next);
  said("warming up");
  await warm(ask, next, WARM_REQUESTS, WARM_WITHIN_MS);
  const beginning = traffic();
  await pause(WARM_MS);
  await beginning.stop();

  said("measuring what it costs");
  const before = await Promise.all([issuer.used(), api.used()]);
  const began = performance.now();
  const load = traffic();
  const lasts = partMs(way, settings);
  await revoking(settings.revocations, lasts, holders, (holder) => revoke(server, holder));
  const done = await load.stop();
  const wallMs = performance.now() - began;
  const after = await Promise.all([issuer.used(), api.used()]);

  const windows: (number | undefined)[] = [];
  if (way !== "nothing") {
    said("measuring how long revoked tokens are accepted");
    const bound = { introspection: 0, cache: settings.cacheMs, feed: settings.stalenessMs }[way];
    const beside = traffic();
    const watched: Promise<void>[] = [];
    await revoking(settings.revocations, lasts, holders, async (holder) => {
      await revoke(server, holder);
      watched.push(acceptedFor(ask, holder.token, bound + GIVE_UP_AFTER_MS).then((ms) => void windows.push(ms)));
    });
    await Promise.all(watched);
    await beside.stop();
  }
  return {
    way,
    ms: done.ms,
    answered: done.ms.length - done.failed,
    failed: done.failed,
    unsent: done.unsent,
    issuerCpu: after[0].cpu - before[0].cpu,
    apiCpu: after[1].cpu - before[1].cpu,
    calls: after[1].calls - before[1].calls,
    wallMs,
    windows: windows.filter((ms) => ms !== undefined),
    open: windows.filter((ms) => ms === undefined).length,
  };
}

async function openSessions(server: ServerApi, count: number): Promise<Holder[]> {
  const scope = "sessions:write";
  // Before all the others, who would each ask for it.
  await server.token(scope);
  const holders: Holder[] = [];
  let asked = 0;
  const opener = async (): Promise<void> => {
    while (asked < count) {
      asked += 1;
      const body = { subject: `person-${asked}`, client_id: "demo", issue: ["access"] };
      const opened = await server.call<OpenedSession>({ scope, method: "POST", path: "/v1/sessions", body });
      holders.push({ sid: opened.session.id, token: opened.access_token });
    }
  };
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, opener));
  return holders;
}

/** Milliseconds of each of the two. */
function partMs(way: WayName, settings: CompareSettings): number {
  return way === "cache" ? keepingMs(settings) : settings.durationMs;
}

/** Takes holders out of the traffic and hands them over, at their rate, for the length of a part. */
async function revoking(
  revocations: number,
  durationMs: number,
  holders: Holder[],
  take: (holder: Holder) => Promise<void>,
): Promise<void> {
  const began = performance.now();
  const all: Promise<void>[] = [];
  for (let n = 0; ; n += 1) {
    const due = ((n + 0.5) * 1000) / revocations;
    await pause(Math.max(0, Math.min(due, durationMs) - (performance.now() - began)));
    if (due >= durationMs) break;
    const holder = holders.shift();
    if (holder === undefined) throw new Error("no session is left to revoke");
    all.push(take(holder));
  }
  await Promise.all(all);
}

async function revoke(server: ServerApi, { sid }: Holder): Promise<void> {
  const body = { targets: [{ type: "session", sid }], reason: "comparison" };
  await server.call({ scope: "revocations:write", method: "POST", path: "/v1/revocations", body });
}

/** Milliseconds from now to the sending of the last request that was accepted; undefined if that did not end within `withinMs`. */
async function acceptedFor(ask: Ask, token: string, withinMs: number): Promise<number | undefined> {
  const acknowledged = performance.now();
  let last = 0;
  for (;;) {
    const sent = performance.now() - acknowledged;
    if (sent > withinMs) return undefined;
    const status = await ask(token);
    if (status === 401) return last;
    if (status === 200) last = sent;
    if (sent > CLOSELY_MS) await pause(PROBE_EVERY_MS);
  }
}
