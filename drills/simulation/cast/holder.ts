// Somebody with a session: one place where tokens are kept, and one or two tabs that share it. Answers get lost, requests
// are tried again with the token that is kept then. A thief may hold a copy, and use it.

import {
  type ClientCredentials,
  type ClientId,
  openSession,
  refresh,
  Secret,
  type SessionId,
  type Snapshot,
  type SubjectId,
  sessionKey,
} from "@hallpass/core";
import { parseRefreshToken } from "@hallpass/protocol";
import type { Node } from "../parts/node.ts";
import { PATIENCE_MS, TENANT } from "../parts/settings.ts";
import { type AccessToken, readAccess } from "../truth/minted.ts";
import { judgeToken } from "../truth/refreshes.ts";
import type { SeededDice } from "../world/seeded-dice.ts";
import { Violation } from "../world/violation.ts";
import { keepSessionToken } from "./cookies.ts";
import { askNode, keepToken, type Stage } from "./stage.ts";

export interface Held {
  readonly sid: SessionId;
  readonly fam: string;
  refresh: string;
}

export interface Role {
  readonly name: string;
  readonly client: ClientId;
  readonly subject: SubjectId;
}

const MOST_OLDER = 12;

export class Holder {
  readonly role: Role;
  readonly #stage: Stage;
  held: Held | undefined;
  /** What a thief has. */
  stolen: string | undefined;
  /** Refresh tokens of before, newest last. */
  readonly older: string[] = [];
  #openings = 0;
  #opening: string | undefined;
  readonly #opened = new Map<string, string>();

  constructor(stage: Stage, role: Role) {
    this.#stage = stage;
    this.role = role;
  }

  /** Signs in. An opening whose answer was lost is asked for again under the same key. */
  async open(node: Node, dice: SeededDice, parent: SessionId | null, calm = false): Promise<void> {
    const { client, subject, name } = this.role;
    const key = (this.#opening ??= `${name} ${(this.#openings += 1)}`);
    const scope = dice.pick([undefined, ["read"], ["read", "write"]]);
    const manner = { dice, patience: PATIENCE_MS, loseAnswer: !calm && dice.chance(8) };
    const reply = await askNode(this.#stage, node, manner, async () => {
      const { services } = node;
      const { requests } = this.#stage.truth;
      let seen: Snapshot | undefined;
      const store = requests.watched(services.store, (snapshot) => (seen = snapshot));
      const answer = await openSession(
        { ...services, store },
        {
          subject,
          client,
          issue: { access: true, refresh: true, sessionToken: this.#stage.hasSessionTokens },
          audience: undefined,
          scope,
          acr: null,
          amr: [],
          authTime: null,
          policy: undefined,
          remember: false,
          parent,
          replaces: null,
          device: null,
          claims: {},
          actor: null,
          idempotency: { caller: client, key, fingerprint: "the same" },
        },
      );
      this.#stage.history.add(node.machine.name, answer.ok ? "opened" : `open ${answer.code}`, name);
      if (!answer.ok) return undefined;
      const { session, tokens } = answer.value;
      const token = tokens.access?.token.reveal();
      const text = tokens.refresh?.reveal();
      const cookie = tokens.sessionToken?.reveal();
      if (cookie !== undefined)
        this.#stage.truth.check(() =>
          keepSessionToken(this.#stage, this.#stage.truth.sessionTokens.minted(cookie, session)),
        );
      const [family] = session.families;
      if (token === undefined || text === undefined || family === undefined)
        throw new Error("an opening gave no tokens");
      return this.#stage.truth.check(() =>
        this.#judgeOpened(key, session.id, family.id, text, readAccess(token, session.ancestors), seen),
      );
    });
    if (reply.kind !== "answered") return;
    this.#opening = undefined;
    const opened = reply.value;
    if (opened === undefined) return;
    keepToken(this.#stage, opened.access);
    // Asked for twice at once under one key, answered twice: the later answer has the session's first tokens, which may be spent by now.
    if (this.held?.sid === opened.sid) return;
    this.held = { sid: opened.sid as SessionId, fam: opened.fam, refresh: opened.refresh };
  }

  #judgeOpened(
    key: string,
    sid: string,
    fam: string,
    text: string,
    access: AccessToken,
    seen: Snapshot | undefined,
  ): { sid: string; fam: string; refresh: string; access: AccessToken } {
    const { truth } = this.#stage;
    const known = truth.sessions.get(sid);
    const row = sessionKey({ tenant: TENANT, id: sid as SessionId });
    const version = seen?.has(row) === true ? (seen.get(row)?.version ?? 1) : 1;
    const family = truth.sessions.familiesAt(sid, version)?.get(fam);
    const before = this.#opened.get(key) ?? sid;
    if (before !== sid) throw new Violation("P7-one-opening", `${key} opened ${before} and ${sid}`);
    this.#opened.set(key, sid);
    if (known === undefined || family === undefined || seen === undefined)
      throw new Violation("P1-acknowledged-is-durable", `session ${sid} was answered and is not there`);
    truth.minted.refresh(text, `${sid}/${fam}`, null);
    judgeToken(access, known.session, truth.policies.of(known.session), family, seen, undefined);
    return { sid, fam, refresh: text, access };
  }

  /** One tab refreshes: with the token that is kept now. */
  async refresh(node: Node, dice: SeededDice, calm = false): Promise<void> {
    const { held } = this;
    if (held === undefined) return;
    const presented = held.refresh;
    const outcome = await this.#send(node, dice, presented, true, calm);
    // Only whoever still sees the token that it presented may replace it: another tab may have been faster.
    if (outcome === undefined || this.held !== held || held.refresh !== presented) return;
    if (outcome.refresh !== undefined) {
      this.#putAside(presented);
      held.refresh = outcome.refresh;
    } else if (["ended", "reused", "unknown", "misbound"].includes(outcome.outcome)) this.held = undefined;
  }

  steal(): void {
    this.stolen = this.held?.refresh;
    this.#stage.history.add("thief", "steals", this.role.name);
  }

  /** The thief uses what it has, or tries something older. */
  async thieve(node: Node, dice: SeededDice, older: boolean): Promise<void> {
    const presented = older ? this.older[dice.below(this.older.length)] : this.stolen;
    if (presented === undefined) return;
    const outcome = await this.#send(node, dice, presented, false);
    if (outcome?.refresh !== undefined) this.stolen = outcome.refresh;
  }

  #putAside(text: string): void {
    this.older.push(text);
    if (this.older.length > MOST_OLDER) this.older.shift();
  }

  async #send(
    node: Node,
    dice: SeededDice,
    text: string,
    honest: boolean,
    calm = false,
  ): Promise<{ readonly outcome: string; readonly refresh: string | undefined } | undefined> {
    const { truth, history, line } = this.#stage;
    const parts = parseRefreshToken(text);
    if (parts === undefined) throw new Error("a refresh token that was issued can't be read");
    const { name, client } = this.role;
    const who = honest ? name : `thief of ${name}`;
    const scope = calm
      ? undefined
      : dice.chance(10)
        ? ["read"]
        : dice.chance(3)
          ? ["read", "write", "admin"]
          : undefined;
    const request = truth.requests.begin({
      who,
      honest,
      sid: parts.sid,
      fam: parts.fam,
      generation: parts.generation,
      client,
      scope,
      sentAt: line.now,
    });
    const manner = { dice, patience: PATIENCE_MS, loseAnswer: !calm && dice.chance(12) };
    const tell = truth.calls.ask(parts.sid, parts.fam);
    const { generation } = parts;
    const reply = await askNode(this.#stage, node, manner, async () => {
      const { services } = node;
      const store = truth.requests.through(services.store, request);
      const answer = await refresh(
        { ...services, store },
        { token: new Secret(text), credentials: this.#credentials(), scope, audience: undefined },
      );
      const outcome = answer.kind === "denied" ? answer.code : answer.outcome;
      history.add(
        node.machine.name,
        outcome,
        `${who} ${parts.sid.slice(-4)}/${parts.fam.slice(0, 4)} generation ${parts.generation}`,
      );
      const access = truth.check(() => truth.refreshes.answered(request, answer));
      return { outcome, access, refresh: answer.kind === "granted" ? answer.tokens.refresh?.reveal() : undefined };
    });
    if (reply.kind !== "answered") {
      tell({ kind: "refresh", generation, outcome: "unknown", next: null }, false);
      history.add(who, reply.kind === "fault" ? `fault ${reply.code}` : "answer lost");
      return undefined;
    }
    const { outcome, access, refresh: next } = reply.value;
    const given = next === undefined ? undefined : parseRefreshToken(next);
    tell({ kind: "refresh", generation, outcome, next: given?.generation ?? null }, true);
    if (access !== undefined) keepToken(this.#stage, access);
    return { outcome, refresh: next };
  }

  #credentials(): ClientCredentials {
    const { client } = this.role;
    const secret = this.#stage.secrets.get(client);
    return secret === undefined
      ? { method: "none", clientId: client }
      : { method: "client_secret_basic", clientId: client, secret };
  }
}
