// A resource server with the real verifier on a machine of its own. Some check signatures at once, one waits for them: then
// notices, pauses and jumps of clocks fall between the reading of a token and its judgement.

import {
  type ClientId,
  introspectToken,
  issueClientToken,
  judgeAccessToken,
  Secret,
  type Snapshot,
} from "@hallpass/core";
import type { OnStale } from "@hallpass/protocol";
import type { Verifier } from "@hallpass/verifier";
import { createVerifierOn, type Ports } from "@hallpass/verifier/simulation";
import type { WorldTruth } from "../truth/world-truth.ts";
import { ask } from "../world/ask.ts";
import type { FeedNetwork } from "../world/feed-network.ts";
import type { History } from "../world/history.ts";
import type { Machine } from "../world/machine.ts";
import type { SeededDice } from "../world/seeded-dice.ts";
import type { TimeLine } from "../world/time-line.ts";
import type { Node } from "./node.ts";
import { API, ISSUER_URL } from "./settings.ts";

export interface VerifyingSettings {
  readonly service: string;
  readonly maxStaleness: number;
  readonly onStale: OnStale;
  /** Milliseconds at most that a signature takes; 0 for one that is checked at once. */
  readonly slowCrypto: number;
  readonly pulls?: true;
}

export interface VerifyingDeps {
  readonly line: TimeLine;
  readonly machine: Machine;
  readonly history: History;
  readonly network: FeedNetwork;
  readonly nodes: readonly Node[];
  readonly secret: string;
  readonly crypto: Ports["crypto"];
  readonly defect: (cause: unknown) => void;
  /** Judges what nodes say of session tokens. */
  readonly truth: Pick<WorldTruth, "check" | "requests" | "sessionTokens">;
}

export class Verifying {
  readonly settings: VerifyingSettings;
  readonly #deps: VerifyingDeps;
  #verifier: Verifier | undefined;

  constructor(deps: VerifyingDeps, settings: VerifyingSettings) {
    this.#deps = deps;
    this.settings = settings;
    this.start();
  }

  get machine(): Machine {
    return this.#deps.machine;
  }

  get verifier(): Verifier | undefined {
    return this.#verifier;
  }

  start(): void {
    const { service, maxStaleness, onStale, pulls } = this.settings;
    const dice = this.machine.dice.fork(`life ${this.machine.life}`);
    this.#verifier = createVerifierOn(this.#ports(dice), {
      issuer: ISSUER_URL,
      audience: API,
      service,
      instance: `${service}-${this.machine.life}`,
      maxStalenessMs: maxStaleness,
      onStale,
      rememberedTokens: 20,
      feed: pulls === true ? "pull" : "push",
    });
    this.#deps.history.add(service, "starts");
  }

  die(): void {
    this.#verifier = undefined;
    this.machine.die();
    this.#deps.history.add(this.settings.service, "dies");
  }

  #ports(dice: SeededDice): Ports {
    const { machine, network } = this.#deps;
    return {
      clock: machine.clock,
      scheduler: machine.scheduler,
      dice,
      crypto: this.settings.slowCrypto === 0 ? this.#deps.crypto : this.#slowCrypto(dice),
      connect: (open) => network.connect(open, machine),
      fetchToken: () => this.#fetchToken(dice),
      introspect: (token) => this.#introspect(dice, token),
      ...(this.settings.pulls === true ? { pull: (token: string, body: string) => this.#pull(dice, token, body) } : {}),
    };
  }

  #slowCrypto(dice: SeededDice): Ports["crypto"] {
    const real = this.#deps.crypto;
    const { machine, settings } = { machine: this.machine, settings: this.settings };
    const later = <T>(value: T): Promise<T> => {
      const { promise, resolve } = Promise.withResolvers<T>();
      machine.soon(dice.span(3, settings.slowCrypto), () => resolve(value));
      return promise;
    };
    return {
      importKey: (jwk) => later(real.importKey(jwk)).then((key) => key),
      verifyEs256: (key, input, signature) => later(real.verifyEs256(key, input, signature)).then((fits) => fits),
      verifyOther: (alg, key, input, signature) =>
        later(real.verifyOther(alg, key, input, signature)).then((fits) => fits),
      sha256: (bytes) => real.sha256(bytes),
    };
  }

  async #fetchToken(dice: SeededDice): Promise<{ readonly token: string; readonly expiresAt: number }> {
    const node = dice.pick(this.#deps.nodes);
    const clientId = "verifiers" as ClientId;
    const reply = await this.#ask(dice, node, () =>
      issueClientToken(node.services, {
        credentials: { clientId, method: "client_secret_basic", secret: new Secret(this.#deps.secret) },
        scope: ["feed"],
        audience: [ISSUER_URL],
      }),
    );
    if (reply.kind !== "answered" || !reply.value.ok) throw new Error("no bearer");
    const { access } = reply.value.value;
    return { token: access.token.reveal(), expiresAt: this.machine.wall + access.expiresIn * 1000 };
  }

  async #pull(
    dice: SeededDice,
    token: string,
    body: string,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const node = dice.pick(this.#deps.nodes);
    const reply = await this.#ask(dice, node, () => node.pull(token, body));
    if (reply.kind !== "answered") throw new Error("no answer");
    return reply.value === undefined ? { status: 401, text: "" } : { status: 200, text: reply.value };
  }

  async #introspect(dice: SeededDice, token: string): Promise<string> {
    const node = dice.pick(this.#deps.nodes);
    if (token.startsWith("hps_")) return this.#introspectSession(dice, node, token);
    const reply = await this.#ask(dice, node, () => judgeAccessToken(node.services, token));
    if (reply.kind !== "answered") throw new Error("no answer");
    return JSON.stringify({ active: reply.value !== undefined });
  }

  /** As the endpoint does: everything that an access token of this moment would say. */
  async #introspectSession(dice: SeededDice, node: Node, token: string): Promise<string> {
    const { truth, secret } = this.#deps;
    const clientId = "verifiers" as ClientId;
    const credentials = { clientId, method: "client_secret_basic", secret: new Secret(secret) } as const;
    const reply = await this.#ask(dice, node, async () => {
      const { services } = node;
      let seen: Snapshot | undefined;
      const store = truth.requests.watched(services.store, (snapshot) => (seen = snapshot));
      const answer = await introspectToken({ ...services, store }, { token: new Secret(token), credentials });
      if (!answer.ok || seen === undefined) throw new Error("a verifier was not let ask");
      const { found } = answer.value;
      const claims = found.kind === "session" ? found.token.claims : undefined;
      const snapshot = seen;
      truth.check(() => truth.sessionTokens.judgeAnswer(token, snapshot, claims));
      return claims;
    });
    if (reply.kind !== "answered") throw new Error("no answer");
    return JSON.stringify(
      reply.value === undefined ? { active: false } : { ...reply.value, active: true, token_type: "Bearer" },
    );
  }

  #ask<T>(dice: SeededDice, to: Node, work: () => Promise<T>): ReturnType<typeof ask<T>> {
    const { machine, defect } = this.#deps;
    return ask({ dice, from: machine, to, patience: 5000, defect }, work);
  }
}
