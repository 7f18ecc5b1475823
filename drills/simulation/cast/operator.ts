// Somebody who takes things away, and asks for receipts.

import {
  type Answer,
  alterSession,
  type ClientId,
  compromiseKeys,
  issueClientToken,
  parseClientId,
  type Revocation,
  readRevocation,
  readSession,
  revoke,
  revokeMany,
  rotateKeys,
  type SessionId,
  settleRevocation,
  startEpoch,
  sweep,
  type Target,
  tendKeys,
} from "@hallpass/core";
import { comparePositions, uuidv7 } from "@hallpass/protocol";
import { listenersOf } from "../../../packages/server/src/endpoints/keys/listeners.ts";
import { receiptFor } from "../../../packages/server/src/endpoints/revocations/receipt-for.ts";
import type { Node } from "../parts/node.ts";
import { TENANT } from "../parts/settings.ts";
import { readAccess } from "../truth/minted.ts";
import type { SeededDice } from "../world/seeded-dice.ts";
import { Violation } from "../world/violation.ts";
import type { Holder } from "./holder.ts";
import { askNode, keepToken, type Stage } from "./stage.ts";

const PATIENCE = 15_000;

/** Nobody counts places here. */
const NO_HOST = { request: { method: "POST", target: "/v1/revocations", headers: { get: () => null } } };

export class Operator {
  readonly #stage: Stage;
  readonly #revocations: string[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async revoke(node: Node, dice: SeededDice, targets: readonly Target[]): Promise<void> {
    const { truth } = this.#stage;
    for (const target of targets) {
      if (target.kind === "session") truth.sessions.intended.add(target.session);
      if (target.kind === "family") truth.sessions.intended.add(`${target.session}/${target.family}`);
    }
    const wait = dice.pick([undefined, undefined, 500, 3000]);
    const told = targets.flatMap((target) => {
      if (target.kind === "session") return { tell: truth.calls.ask(target.session, null), whole: true };
      return target.kind === "family" ? { tell: truth.calls.ask(target.session, target.family), whole: false } : [];
    });
    const isDone = await this.ask(node, dice, `revoke ${targets.map(({ kind }) => kind).join(" ")}`, async () => {
      const answer = await revoke(node.services, {
        targets,
        endReason: "revoked",
        reason: null,
        ticket: null,
        actor: null,
      });
      if (answer.ok) await this.receipt(node, answer.value, wait);
      return answer;
    });
    for (const { tell, whole } of told) tell({ kind: "end", whole }, isDone);
  }

  /** Looks a session up. */
  async readSession(node: Node, dice: SeededDice, session: SessionId): Promise<void> {
    const tell = this.#stage.truth.calls.ask(session, null);
    let isActive = false;
    const isDone = await this.ask(node, dice, "read a session", async () => {
      const answer = await readSession(node.services.store, TENANT, session);
      if (answer.ok) isActive = answer.value.standing.kind === "active";
      return answer;
    });
    // A question that was not answered has changed nothing.
    if (isDone) tell({ kind: "read", isActive }, true);
  }

  /** Everything of everybody, and the run that writes it down; what a fault cuts off stays where it is. */
  async revokeTenant(node: Node, dice: SeededDice): Promise<void> {
    await this.ask(node, dice, "revoke tenant", async () => {
      const request = { target: { kind: "tenant" }, reason: null, ticket: null, actor: null } as const;
      const answer = await revokeMany(node.services, request);
      if (!answer.ok) return answer;
      await this.receipt(node, answer.value, undefined);
      for (let step = await settleRevocation(node.services, answer.value.id, null); step.kind === "running"; )
        step = await settleRevocation(node.services, answer.value.id, step.place);
      return answer;
    });
  }

  /** The same receipt, later, perhaps from another node. */
  async readAgain(node: Node, dice: SeededDice): Promise<void> {
    if (this.#revocations.length === 0) return;
    const id = dice.pick(this.#revocations);
    await this.ask(node, dice, "read a receipt", async () => {
      const answer = await readRevocation(node.services.store, TENANT, id);
      if (!answer.ok) throw new Violation("P1-acknowledged-is-durable", `revocation ${id} is gone`);
      await this.receipt(node, answer.value, undefined);
      return answer;
    });
  }

  async alter(node: Node, dice: SeededDice, holder: Holder): Promise<void> {
    const { held } = holder;
    if (held === undefined) return;
    const alteration = dice.chance(70) ? { scope: ["read"] } : { claims: { level: dice.below(3) } };
    const revocationId = uuidv7(this.#stage.storeMachine.wall, dice.bytes(10));
    await this.ask(node, dice, "alter", async () => {
      const request = { session: held.sid, alteration, expectVersion: null, revocationId, actor: null };
      const answer = await alterSession(node.services, request);
      if (answer.ok && answer.value.outdated !== null) await this.receipt(node, answer.value.outdated, undefined);
      return answer;
    });
  }

  async clientToken(node: Node, dice: SeededDice): Promise<void> {
    const { secrets, truth } = this.#stage;
    const clientId = "desk" as ClientId;
    const secret = secrets.get(clientId);
    if (secret === undefined || parseClientId(clientId) === undefined) return;
    await this.ask(node, dice, "client token", async () => {
      const credentials = { clientId, method: "client_secret_basic", secret } as const;
      const answer = await issueClientToken(node.services, { credentials, scope: ["read"], audience: undefined });
      if (!answer.ok) return answer;
      truth.check(() => {
        const token = readAccess(answer.value.access.token.reveal(), []);
        if (comparePositions(token.claims.pos, truth.book.head) > 0)
          throw new Violation("AT4-pos-not-later", "a client's token has a position that does not exist yet");
        keepToken(this.#stage, token);
      });
      return answer;
    });
  }

  async rotate(node: Node, dice: SeededDice): Promise<void> {
    await this.ask(node, dice, "rotate keys", () =>
      listenersOf({ ...node.services, hearing: node.services.hub }).then((listeners) =>
        rotateKeys(node.services, { tenant: TENANT, alg: "ES256", force: false, listeners }),
      ),
    );
  }

  async tend(node: Node, dice: SeededDice): Promise<void> {
    await this.ask(node, dice, "tend keys", async () => ({
      ok: true,
      value: await tendKeys(node.services, {
        tenant: TENANT,
        listeners: () => listenersOf({ ...node.services, hearing: node.services.hub }),
      }),
    }));
  }

  async compromise(node: Node, dice: SeededDice): Promise<void> {
    const { truth } = this.#stage;
    const live = [...truth.book.published.keys()].filter((kid) => !truth.book.removed.has(kid));
    const kid = dice.pick(live);
    truth.book.suspected.add(kid);
    await this.ask(node, dice, "compromise a key", () =>
      compromiseKeys(node.services, { tenant: TENANT, kids: [kid], actor: null }),
    );
  }

  async epoch(node: Node, dice: SeededDice): Promise<void> {
    const above = this.#stage.truth.book.head;
    await this.ask(node, dice, "start an epoch", async () => ({
      ok: true,
      value: await startEpoch(node.services, above, "restore"),
    }));
  }

  async sweep(node: Node, dice: SeededDice): Promise<void> {
    await this.ask(node, dice, "sweep", async () => {
      const { clock } = await node.services.store.read([]);
      const believed = node.services.storeTime.believed(clock);
      return { ok: true, value: await sweep({ ...node.services, factsKept: 60_000 }, believed) };
    });
  }

  /** Asks for it, and has it judged. */
  async receipt(node: Node, revocation: Revocation, wait: number | undefined): Promise<void> {
    const { truth, history } = this.#stage;
    if (!truth.book.notices.some(({ pos }) => comparePositions(pos, revocation.pos) === 0))
      throw new Violation(
        "P1-acknowledged-is-durable",
        `revocation ${revocation.id} was answered, and no notice stands at its position`,
      );
    this.#revocations.push(revocation.id);
    const { services } = node;
    const receipt = await receiptFor({ ...services, hearing: services.hub }, NO_HOST, revocation, wait);
    const { enforced, waiting, no_bound } = receipt.fleet;
    history.add(
      node.machine.name,
      "receipt",
      `${receipt.pos}: ${enforced} enforced, ${waiting} waiting, ${no_bound} without a bound`,
    );
    truth.check(() => truth.receipts.add(receipt, revocation.pos, truth.shownAt(receipt.as_of_ms)));
  }

  /** Whether it was answered with success. */
  async ask<T>(node: Node, dice: SeededDice, what: string, work: () => Promise<Answer<T>>): Promise<boolean> {
    const reply = await askNode(this.#stage, node, { dice, patience: PATIENCE }, work);
    const said = reply.kind === "answered" ? (reply.value.ok ? "done" : reply.value.code) : reply.kind;
    this.#stage.history.add("operator", what, said);
    return reply.kind === "answered" && reply.value.ok;
  }
}
