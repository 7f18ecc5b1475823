// What everyone in the cast can reach: the machines of the world, the judge, and the tokens that exist.

import type { Secret } from "@hallpass/core";
import type { Node } from "../parts/node.ts";
import type { Verifying } from "../parts/verifying.ts";
import type { AccessToken } from "../truth/minted.ts";
import type { SessionTokenText } from "../truth/session-tokens.ts";
import type { WorldTruth } from "../truth/world-truth.ts";
import { ask, type Reply } from "../world/ask.ts";
import type { FeedNetwork } from "../world/feed-network.ts";
import type { History } from "../world/history.ts";
import type { Machine } from "../world/machine.ts";
import type { SeededDice } from "../world/seeded-dice.ts";
import type { TimeLine } from "../world/time-line.ts";
import type { Streams } from "./streams.ts";

export interface Stage {
  readonly line: TimeLine;
  readonly history: History;
  readonly truth: WorldTruth;
  readonly network: FeedNetwork;
  readonly nodes: readonly Node[];
  readonly verifiers: readonly Verifying[];
  /** Where clients and operators live: their clocks decide nothing. */
  readonly outside: Machine;
  /** The store's machine: its clock is the store's. */
  readonly storeMachine: Machine;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Every access token that somebody holds, newest last. */
  readonly tokens: AccessToken[];
  /** Every session token that an app was given, newest last. */
  readonly sessionTokens: SessionTokenText[];
  readonly hasSessionTokens: boolean;
  readonly streams: Streams;
}

export interface Manner {
  readonly dice: SeededDice;
  readonly patience: number;
  readonly loseAnswer?: boolean;
}

/** Asks a node for something over the network. */
export function askNode<T>(
  stage: Stage,
  node: Node,
  { dice, patience, loseAnswer }: Manner,
  work: () => Promise<T>,
): Promise<Reply<T>> {
  const defect = (cause: unknown): void => stage.truth.broke(cause);
  const asking = { dice, from: stage.outside, to: node, patience, defect };
  return ask({ ...asking, ...(loseAnswer === true ? { loseAnswer } : {}) }, work);
}

const MOST_TOKENS = 400;

export function keepToken(stage: Stage, token: AccessToken): void {
  stage.tokens.push(token);
  if (stage.tokens.length > MOST_TOKENS) stage.tokens.shift();
}

/** A request with this token reaches a resource server, is judged there, and the verdict is judged in turn. */
export function probe(stage: Stage, verifying: Verifying, token: AccessToken, after: number): void {
  const { truth, history, storeMachine } = stage;
  const { machine, settings } = verifying;
  machine.soon(after, () => {
    void verifying.verifier?.verify(token.text).then(
      (verdict) => {
        const code = verdict.kind === "accepted" ? (verdict.stale ? "stale" : "") : verdict.code;
        history.add(settings.service, verdict.kind, `${token.claims.jti.slice(0, 6)} ${code}`);
        const judging = { ...settings, machine };
        truth.check(() => truth.verdicts.judge(judging, token, verdict, storeMachine.wall));
        // Between two requests a verifier that pulls does nothing (PULL-8): it ends no stream.
        if (verdict.kind === "accepted" && settings.pulls !== true) stage.streams.opened(verifying, token, verdict);
      },
      (cause: unknown) => truth.broke(cause),
    );
  });
}

/** The same with a session token, about which the resource server asks a node, or has asked one. */
export function probeSessionToken(stage: Stage, verifying: Verifying, token: SessionTokenText, after: number): void {
  const { truth, history, storeMachine } = stage;
  const { machine, settings } = verifying;
  machine.soon(after, () => {
    void verifying.verifier?.verify(token.text).then(
      (verdict) => {
        const code = verdict.kind === "accepted" ? (verdict.stale ? "stale" : "") : verdict.code;
        history.add(settings.service, `cookie ${verdict.kind}`, `${token.jti.slice(-12)} ${code}`);
        const judging = { ...settings, machine };
        truth.check(() => truth.sessionTokens.judgeVerdict(judging, token.text, verdict, storeMachine.wall));
      },
      (cause: unknown) => truth.broke(cause),
    );
  });
}
