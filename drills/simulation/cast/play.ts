// What each step of a schedule does.

import type { SessionId } from "@hallpass/core";
import type { Verifying } from "../parts/verifying.ts";
import type { Step, StepKind } from "../plan.ts";
import type { AccessToken } from "../truth/minted.ts";
import type { Machine } from "../world/machine.ts";
import type { SeededDice } from "../world/seeded-dice.ts";
import type { Cookies } from "./cookies.ts";
import type { Holder } from "./holder.ts";
import type { Operator } from "./operator.ts";
import type { PolicyMaker } from "./policy-maker.ts";
import { probe, type Stage } from "./stage.ts";

export interface Cast {
  readonly stage: Stage;
  readonly holders: readonly Holder[];
  readonly operator: Operator;
  readonly cookies: Cookies;
  readonly policyMaker: PolicyMaker;
}

type Play = (cast: Cast, dice: SeededDice) => Promise<void> | void;

export function play(cast: Cast, step: Step, run: SeededDice): void {
  const { stage } = cast;
  stage.history.add("plan", step.kind, `#${step.id}`);
  const done = PLAYS[step.kind](cast, run.fork(`step ${step.id}`));
  if (done instanceof Promise) done.catch((cause: unknown) => stage.truth.broke(cause));
}

const PLAYS: Readonly<Record<StepKind, Play>> = {
  open: ({ stage, holders }, dice) => {
    const idle = holders.filter(({ held }) => held === undefined);
    return dice.pick(idle.length > 0 ? idle : holders).open(dice.pick(stage.nodes), dice, null);
  },
  open_child: ({ stage, holders }, dice) => {
    const parents = new Map<Holder, SessionId>();
    for (const holder of holders) {
      const parent = holders.find(
        (other) => other !== holder && other.held !== undefined && other.role.subject === holder.role.subject,
      );
      if (parent?.held !== undefined) parents.set(holder, parent.held.sid);
    }
    if (parents.size === 0) return;
    const [holder, parent] = dice.pick([...parents]);
    return holder.open(dice.pick(stage.nodes), dice, parent);
  },
  refresh: ({ stage, holders }, dice) => {
    const holder = dice.pick(holders);
    const node = dice.pick(stage.nodes);
    return holder.held === undefined ? holder.open(node, dice, null) : holder.refresh(node, dice);
  },
  refresh_two_tabs: async ({ stage, holders }, dice) => {
    const holder = dice.pick(holders);
    await Promise.all(stage.nodes.map((node, tab) => holder.refresh(node, dice.fork(tab))));
  },
  probe: ({ stage }, dice) => {
    const token = recent(stage, dice);
    if (token !== undefined) for (const verifier of stage.verifiers) probe(stage, verifier, token, dice.span(20, 400));
  },
  forge: ({ stage }, dice) => {
    const token = recent(stage, dice);
    if (token === undefined) return;
    const verifier = dice.pick(stage.verifiers);
    // The genuine one first: whoever remembers it by anything but its whole text is fooled by the other.
    probe(stage, verifier, token, 0);
    probe(stage, verifier, forged(token), dice.between(5, 300));
  },
  steal: ({ holders }, dice) => dice.pick(holders).steal(),
  thieve: ({ stage, holders }, dice) => {
    const victims = holders.filter(({ stolen }) => stolen !== undefined);
    return victims.length === 0 ? undefined : dice.pick(victims).thieve(dice.pick(stage.nodes), dice, false);
  },
  replay: ({ stage, holders }, dice) => {
    const victims = holders.filter(({ older }) => older.length > 0);
    return victims.length === 0 ? undefined : dice.pick(victims).thieve(dice.pick(stage.nodes), dice, true);
  },
  revoke_session: (cast, dice) => {
    const held = dice.pick(cast.holders).held;
    if (held === undefined) return;
    return cast.operator.revoke(dice.pick(cast.stage.nodes), dice, [{ kind: "session", session: held.sid }]);
  },
  revoke_family: (cast, dice) => {
    const held = dice.pick(cast.holders).held;
    if (held === undefined) return;
    const family = held.fam as never;
    return cast.operator.revoke(dice.pick(cast.stage.nodes), dice, [{ kind: "family", session: held.sid, family }]);
  },
  revoke_token: (cast, dice) => {
    const token = recent(cast.stage, dice);
    if (token === undefined) return;
    const expires = dice.chance(50) ? ((token.claims.exp * 1000) as never) : null;
    return cast.operator.revoke(dice.pick(cast.stage.nodes), dice, [{ kind: "token", jti: token.claims.jti, expires }]);
  },
  revoke_subject: (cast, dice) => {
    const { subject } = dice.pick(cast.holders).role;
    const held = dice.pick(cast.holders).held;
    const also = held !== undefined && dice.chance(30) ? [{ kind: "session" as const, session: held.sid }] : [];
    return cast.operator.revoke(dice.pick(cast.stage.nodes), dice, [{ kind: "subject", subject }, ...also]);
  },
  revoke_client: (cast, dice) =>
    cast.operator.revoke(dice.pick(cast.stage.nodes), dice, [
      { kind: "client", client: dice.pick(cast.holders).role.client },
    ]),
  revoke_tenant: (cast, dice) => cast.operator.revokeTenant(dice.pick(cast.stage.nodes), dice),
  alter: (cast, dice) => cast.operator.alter(dice.pick(cast.stage.nodes), dice, dice.pick(cast.holders)),
  read_receipt: (cast, dice) => cast.operator.readAgain(dice.pick(cast.stage.nodes), dice),
  read_session: (cast, dice) => {
    const { held } = dice.pick(cast.holders);
    const last = recent(cast.stage, dice)?.claims.sid;
    const sid = held === undefined || dice.chance(40) ? last : held.sid;
    return sid === undefined
      ? undefined
      : cast.operator.readSession(dice.pick(cast.stage.nodes), dice, sid as SessionId);
  },
  use_session_token: ({ cookies }, dice) => cookies.use(dice),
  rotate_session_token: ({ stage, holders, cookies }, dice) =>
    cookies.rotate(dice.pick(stage.nodes), dice, dice.pick(holders)),
  raise_assurance: ({ stage, holders, cookies }, dice) =>
    cookies.raise(dice.pick(stage.nodes), dice, dice.pick(holders)),
  edit_policy: ({ stage, policyMaker }, dice) => policyMaker.edit(dice.pick(stage.nodes), dice),
  apply_policy: ({ stage, policyMaker }, dice) => policyMaker.apply(dice.pick(stage.nodes), dice),
  client_token: (cast, dice) => cast.operator.clientToken(dice.pick(cast.stage.nodes), dice),
  rotate_keys: (cast, dice) => cast.operator.rotate(dice.pick(cast.stage.nodes), dice),
  compromise_key: (cast, dice) => cast.operator.compromise(dice.pick(cast.stage.nodes), dice),
  tend_keys: (cast, dice) => cast.operator.tend(dice.pick(cast.stage.nodes), dice),
  start_epoch: (cast, dice) => cast.operator.epoch(dice.pick(cast.stage.nodes), dice),
  sweep: (cast, dice) => cast.operator.sweep(dice.pick(cast.stage.nodes), dice),
  hold_line: (cast, dice) =>
    onLines(cast, dice, (weather, now) => (weather.heldUntil = now + dice.between(200, 14_000))),
  sever_line: ({ stage }, dice) => stage.network.sever(dice.pick(stage.verifiers).machine),
  slow_line: (cast, dice) =>
    onLines(cast, dice, (weather, now) => (weather.slowUntil = now + dice.between(1000, 15_000))),
  lose_frame: (cast, dice) => onLines(cast, dice, (weather) => (weather.lose = 1)),
  repeat_frame: (cast, dice) => onLines(cast, dice, (weather) => (weather.repeat = dice.between(1, 4))),
  slow_store: ({ stage }, dice) => {
    dice.pick(stage.nodes).weather.slowUntil = stage.line.now + dice.between(500, 6000);
  },
  faulty_store: ({ stage }, dice) => {
    dice.pick(stage.nodes).weather.faultyUntil = stage.line.now + dice.between(500, 5000);
  },
  cut_store: ({ stage }, dice) => {
    dice.pick(stage.nodes).weather.cutUntil = stage.line.now + dice.between(500, 8000);
  },
  pause_node: ({ stage }, dice) => dice.pick(stage.nodes).machine.pauseFor(dice.between(50, 7000)),
  pause_verifier: ({ stage }, dice) => dice.pick(stage.verifiers).machine.pauseFor(dice.between(50, 12_000)),
  crash_node: ({ stage }, dice) => {
    const node = dice.pick(stage.nodes);
    if (!node.up) return;
    const { life } = node.machine;
    const fall = (): void => {
      if (node.machine.life !== life) return;
      stage.network.died(node.machine, dice.chance(40));
      node.die();
      node.machine.soon(dice.between(50, 6000), () => void node.boot());
    };
    // Some are restarted as they should be, and send everyone elsewhere first.
    if (!dice.chance(35)) return fall();
    void node.services.hub.drain();
    node.machine.soon(dice.between(20, 400), fall);
  },
  crash_verifier: ({ stage }, dice) => {
    const verifier = dice.pick(stage.verifiers);
    // Some stop as they should, and say goodbye.
    if (dice.chance(30)) verifier.verifier?.close();
    stage.network.died(verifier.machine, dice.chance(50));
    verifier.die();
    verifier.machine.soon(dice.between(50, 4000), () =>
      verifier.verifier === undefined ? verifier.start() : undefined,
    );
  },
  jump_verifier: (cast, dice) => jump(cast, dice, dice.pick(cast.stage.verifiers).machine),
  jump_store: ({ stage }, dice) => {
    const ms = dice.between(-40_000, 40_000);
    const back = stage.storeMachine.jump(ms);
    if (ms < 0) stage.truth.calls.clockSetBack();
    stage.line.after(dice.between(500, 15_000), () => {
      back();
      if (ms > 0) stage.truth.calls.clockSetBack();
    });
  },
  jump_node: (cast, dice) => jump(cast, dice, dice.pick(cast.stage.nodes).machine),
};

/** There, and as often as not back again: a clock that was set wrong and set right. */
function jump({ stage }: Cast, dice: SeededDice, machine: Machine): void {
  const most = dice.pick([1500, 30_000, 3_600_000]);
  const ms = dice.between(-most, most);
  const back = machine.jump(ms);
  if (dice.chance(60)) stage.line.after(dice.between(200, 8000), back);
}

function recent(stage: Stage, dice: SeededDice): AccessToken | undefined {
  const last = stage.tokens.slice(-16);
  return last.length === 0 ? undefined : dice.pick(last);
}

function onLines(
  { stage }: Cast,
  dice: SeededDice,
  turn: (weather: ReturnType<Stage["network"]["weather"]>, now: number) => void,
): void {
  const verifier: Verifying = dice.pick(stage.verifiers);
  for (const node of stage.nodes) turn(stage.network.weather(verifier.machine.name, node.machine.name), stage.line.now);
}

/** The same ids under other words, with the signature of the genuine one. */
function forged(token: AccessToken): AccessToken {
  const [header = "", payload = "", signature = ""] = token.text.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const text = JSON.stringify({ ...claims, scope: "everything" });
  return { ...token, genuine: false, text: `${header}.${Buffer.from(text).toString("base64url")}.${signature}` };
}
