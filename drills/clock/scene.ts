// One clock goes wrong and is right again, beside sessions, revocations and a verifier.

import { setTimeout as wait } from "node:timers/promises";
import { machineTime } from "../bounded/machine-time.ts";
import { ask } from "../nodes/operator.ts";
import { type Ground, LANE, WRONG_LANE } from "./ground.ts";
import { RIGHT, type Shift } from "./shifts.ts";

export interface Seen {
  readonly problems: readonly string[];
  /** Milliseconds after acknowledgement + M at which a token was accepted last by the verifier that is wrong in itself; negative: before. */
  readonly wrongLate: number | undefined;
  /** What the refresh said while the clock was wrong. */
  readonly meanwhile: string;
}

interface Opened {
  readonly id: string;
  readonly sid: string;
  readonly access: string;
  refresh: string;
}

const BACK_WITHIN_MS = 30_000;
const AFTER_MS = 300;
let opened = 0;

export async function scene(ground: Ground, { name, text, offMs, settles }: Shift, m: number): Promise<Seen> {
  const { url, verifying, wrong } = ground;
  const problems: string[] = [];
  const open = async (): Promise<Opened> => {
    const id = `clock-${(opened += 1)}`;
    return { id, ...(await ground.operator().open(url, id)) };
  };
  const [before, during, kept, used] = [await open(), await open(), await open(), await open()];
  const oldest = used.refresh;
  const shown = [before, during].map(({ id, access }) => verifying.accepted(id, LANE, access));
  if (wrong !== undefined) shown.push(wrong.accepted(during.id, WRONG_LANE, during.access));
  if ((await Promise.race([Promise.all(shown), wait(BACK_WITHIN_MS, "late")])) === "late")
    return { problems: [`${name}: a good token was not accepted`], wrongLate: undefined, meanwhile: "" };
  let storeOff = 0;
  const revoked = async ({ sid }: Opened): Promise<number> => {
    const body = { targets: [{ type: "session", sid }] };
    const done = await ground.operator().call(url, "/v1/revocations", body);
    storeOff = Number(done["committed_at_ms"]) - Date.now();
    return machineTime();
  };

  const at = await revoked(before);
  ground.setClock(text());
  if (settles) await wait(1.2 * m);
  // What comes after this moment reaches no verifier any more: only its clocks can tell it.
  for (const lane of [LANE, WRONG_LANE]) ground.order({ lane, begin: "dark", delayMs: 0, forMs: 0, node: 0 });
  const then = await revoked(during);
  if (ground.storeFollows && Math.abs(storeOff - offMs) > Math.max(5000, Math.abs(offMs) / 100))
    problems.push(`${name}: the store's clock is off by ${storeOff} ms: this clock was not wrong`);
  const first = await refresh(url, used);
  await wait(m + AFTER_MS);
  const told = [await verifying.tell(before.id), await verifying.tell(during.id)];
  const wrongTold = await wrong?.tell(during.id);
  for (const lane of [LANE, WRONG_LANE]) ground.order({ lane, end: "dark" });
  for (const [which, acknowledged] of [at, then].entries()) {
    const last = told[which]?.lastAccept ?? 0;
    if (last > acknowledged + m)
      problems.push(`${name}: a revoked token was accepted ${Math.round(last - acknowledged - m)} ms too late`);
  }

  ground.setClock(RIGHT);
  const back = await untilServed(url, kept);
  if (back !== 200) problems.push(`${name}: a session that nobody used meanwhile is refused with ${back} afterwards`);
  const again = await untilServed(url, used);
  if (again !== 200)
    problems.push(`${name}: a session that was refreshed meanwhile is refused with ${again} afterwards`);
  const onward = await untilServed(url, used);
  if (onward !== 200) problems.push(`${name}: its next generation is refused with ${onward}`);
  const replayed = await refresh(url, { ...used, refresh: oldest });
  if (replayed.status !== 400) problems.push(`${name}: its first generation was answered ${replayed.status}`);
  const fresh = await open();
  const good = await Promise.race([verifying.accepted(fresh.id, LANE, fresh.access), wait(BACK_WITHIN_MS, "late")]);
  if (good === "late") problems.push(`${name}: a good token is refused afterwards`);
  await verifying.tell(fresh.id);
  return {
    problems,
    meanwhile: `${first.status} ${first.verdict}`,
    wrongLate: wrongTold === undefined ? undefined : (wrongTold.lastAccept ?? 0) - then - m,
  };
}

async function refresh(url: string, one: Opened): Promise<{ readonly status: number; readonly verdict: string }> {
  const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: one.refresh });
  const { status, verdict, json } = await ask(`${url}/oauth2/token`, { method: "POST", body });
  if (status === 200) one.refresh = String(json["refresh_token"]);
  return { status, verdict: verdict ?? "" };
}

/** The status of the first answer that is no fault. */
async function untilServed(url: string, one: Opened): Promise<number> {
  const end = machineTime() + BACK_WITHIN_MS;
  for (;;) {
    const { status } = await refresh(url, one);
    if (status < 500 || machineTime() > end) return status;
    await wait(200);
  }
}
