// Plays one schedule in one lane: three tokens are accepted, something happens to the line, they are revoked, and for M and a little longer
// everybody is asked.

import { setTimeout as wait } from "node:timers/promises";
import type { Receipt } from "@hallpass/protocol";
import { machineTime } from "./machine-time.ts";
import type { Outcome, Read } from "./outcome.ts";
import type { PlannedRevocation, Schedule } from "./schedule.ts";
import type { VerifyingProcess } from "./verifying-process.ts";
import type { WeatherLoop } from "./weather.ts";
import type { World } from "./world.ts";

export interface Lane {
  readonly world: World;
  readonly index: number;
  readonly process: VerifyingProcess;
  readonly weather: WeatherLoop;
  readonly m: number;
}

interface Opened {
  readonly id: string;
  readonly subject: string;
  readonly sid: string;
  readonly access: string;
}

const AFTER_MS = 300;
const ACCEPTED_WITHIN_MS = 30_000;
const TRIES = 200;

/** Empty when a token was not accepted in time: then nothing can be shown. */
export async function playIn(lane: Lane, schedule: Schedule, count: number): Promise<readonly Outcome[]> {
  const { world, index, process: at, m } = lane;
  const opened = await Promise.all(
    schedule.revocations.map((_, which) =>
      open(world, `${schedule.name}-${which}`.replaceAll(" ", "-"), count + which),
    ),
  );
  const accepted = Promise.all(opened.map(({ id, access }) => at.accepted(id, index, access)));
  const isReady = await Promise.race([accepted.then(() => true), wait(ACCEPTED_WITHIN_MS, false)]);
  if (!isReady) {
    await Promise.all(opened.map(({ id }) => at.tell(id)));
    return [];
  }
  const began = machineTime();
  const faulty = line(lane, schedule, count);
  const done = await Promise.all(
    schedule.revocations.map((planned, which) => revoke(lane, planned, opened[which] as Opened, count + which)),
  );
  const until = Math.max(...done.map(({ acknowledged }) => acknowledged)) + m + AFTER_MS;
  await wait(Math.max(0, until - machineTime()));
  await faulty;
  const shown = await Promise.all(opened.map(({ id }) => at.tell(id)));
  const kind = lane.weather.over(index, began, until) ?? schedule.fault;
  return done.flatMap(({ acknowledged, reads }, which) => {
    const [one, target] = [shown[which], schedule.revocations[which]?.target ?? ""];
    return one === undefined
      ? []
      : [{ schedule: schedule.name, lane: index, kind, target, acknowledged, reads, shown: one }];
  });
}

async function line({ world, index }: Lane, schedule: Schedule, node: number): Promise<void> {
  const { fault, from, forMs, delayMs } = schedule;
  await wait(from);
  world.proxy.order({ lane: index, begin: fault, delayMs, forMs, node });
  await wait(forMs);
  world.proxy.order({ lane: index, end: fault });
}

async function open(world: World, subject: string, first: number): Promise<Opened> {
  const { sid, access } = await somewhere(world, first, (url) => world.operator.open(url, subject));
  return { id: subject, subject, sid, access };
}

async function revoke(
  { world }: Lane,
  planned: PlannedRevocation,
  opened: Opened,
  first: number,
): Promise<{ readonly acknowledged: number; readonly reads: readonly Read[] }> {
  await wait(planned.at);
  const body = { targets: [targetOf(planned, opened)] };
  const read = async (path: string, json?: object): Promise<Read> => {
    const answer = await somewhere(world, first, (url) => world.operator.call(url, path, json));
    return { receipt: answer as unknown as Receipt, at: machineTime() };
  };
  const receipt = await read("/v1/revocations", body);
  const again = planned.readAgain.map(async (after) => {
    await wait(after);
    return read(`/v1/revocations/${receipt.receipt.id}`);
  });
  return { acknowledged: receipt.at, reads: [receipt, ...(await Promise.all(again))] };
}

function targetOf({ target }: PlannedRevocation, { sid, access, subject }: Opened): object {
  const claims = JSON.parse(Buffer.from(access.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
  switch (target) {
    case "session":
      return { type: "session", sid };
    case "family":
      return { type: "family", sid, fam: claims["fam"] };
    case "token":
      return { type: "token", jti: claims["jti"], exp: claims["exp"] };
    case "subject":
      return { type: "subject", subject };
  }
}

/** As an operator does whose node gives no answer: at the next one, and again. */
async function somewhere<T>({ nodes }: World, first: number, work: (url: string) => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work(nodes[(first + tries) % nodes.length]?.url ?? "");
    } catch (cause) {
      if (tries === TRIES) throw cause;
      await wait(50);
    }
  }
}
