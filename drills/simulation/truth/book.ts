// Everything that was ever committed, in the order and with the true time of it, as the store itself saw it. The judges
// look things up here; nothing in the world can.

import { type Change, type Instant, type RowKey, rowKeyText, type Session, takenHash } from "@hallpass/core";
import {
  type AccessTokenClaims,
  comparePositions,
  isBefore,
  isJsonObject,
  type JsonValue,
  type Position,
  parsePosition,
  type Taking,
  takingFromWire,
} from "@hallpass/protocol";

export interface CommittedNotice {
  readonly pos: Position;
  readonly taking: Taking;
  /** True time. */
  readonly at: number;
}

/** What matching looks at. */
export type Takeable = Pick<AccessTokenClaims, "sid" | "fam" | "anc" | "jti" | "sub" | "clientId" | "pos" | "iat">;

export interface CommittedRow {
  readonly key: RowKey;
  readonly value: string;
  readonly version: number;
  readonly notBefore: Position | null;
  readonly raisedAt: Instant | null;
}

export interface Committed {
  /** The position of the change's last notice, otherwise the head. */
  readonly pos: Position;
  /** The store's time. */
  readonly at: Instant;
}

export class Book {
  readonly notices: CommittedNotice[] = [];
  readonly rows: Map<string, CommittedRow> = new Map();
  /** Signing keys: since when each was published, and since when it is no longer, by true time. */
  readonly published: Map<string, number> = new Map();
  readonly removed: Map<string, number> = new Map();
  /** Those that somebody called compromised, and when they were gone. */
  readonly compromised: Map<string, number> = new Map();
  readonly suspected: Set<string> = new Set();
  /** The latest that the store's clock ever showed to anyone. */
  clockSeen = 0;
  /** The newest position. */
  head: Position = { epoch: 1, seq: 0 };
  readonly #hashes = new Map<string, string>();
  #salt: Uint8Array | undefined;

  /** The issuer's salt, once it is known; it never changes. */
  saltedWith(salt: Uint8Array): void {
    this.#salt = salt;
  }

  keysAre(kids: ReadonlySet<string>, now: number): void {
    for (const kid of kids) if (!this.published.has(kid)) this.published.set(kid, now);
    for (const kid of this.published.keys()) {
      if (kids.has(kid) || this.removed.has(kid)) continue;
      this.removed.set(kid, now);
      if (this.suspected.has(kid)) this.compromised.set(kid, now);
    }
  }

  row(key: RowKey): CommittedRow | undefined {
    return this.rows.get(rowKeyText(key));
  }

  /** Writes down a change that was committed; answers its notices. */
  write(change: Change, outcome: Committed, now: number): readonly CommittedNotice[] {
    const notices = change.notices.map(({ body }, index) => {
      const value = JSON.parse(body) as JsonValue;
      const taking = isJsonObject(value) ? takingFromWire(value) : undefined;
      if (taking === undefined || "unknownKind" in taking) throw new Error(`a notice can't be read: ${body}`);
      const pos = { ...outcome.pos, seq: outcome.pos.seq - (change.notices.length - 1 - index) };
      const notice = { pos, taking, at: now };
      this.notices.push(notice);
      this.head = pos;
      return notice;
    });
    for (const { key, next, raise } of change.rows) {
      if (next === "same") continue;
      const text = rowKeyText(key);
      if (next === "gone") {
        this.rows.delete(text);
        continue;
      }
      const before = this.rows.get(text);
      this.rows.set(text, {
        key,
        value: next.value,
        version: (before?.version ?? 0) + 1,
        notBefore: raise === true ? outcome.pos : (before?.notBefore ?? null),
        raisedAt: raise === true ? outcome.at : (before?.raisedAt ?? null),
      });
    }
    return notices;
  }

  /** Notices that take this token away and were committed before a moment of true time, or at it. */
  takenBy(claims: AccessTokenClaims, until: number): CommittedNotice | undefined {
    return this.notices.find((notice) => notice.at <= until && this.takes(notice, claims));
  }

  /**
   * A notice at or before a position that took away a session's family, and not only tokens of it. Believes no row. `locked`: only what a refresh
   * locks until it commits. The tenant's cut-off is not among it: a rotation that races it may commit after it, and is dead from the first
   * moment, because its tokens and its session lie before it.
   */
  endOf(session: Session, fam: string, upTo: Position, locked = false): CommittedNotice | undefined {
    const family = session.families.find(({ id }) => id === fam);
    if (family === undefined) return undefined;
    const { id: sid, ancestors: anc, subject: sub, born } = session;
    const alive: Takeable = { sid, fam, anc, jti: "", sub, clientId: family.client, pos: born, iat: 0 };
    return this.notices.find((notice) => {
      if (comparePositions(notice.pos, upTo) > 0) return false;
      switch (notice.taking.kind) {
        case "session":
        case "family":
        case "subject":
          return this.takes(notice, alive);
        case "client":
          return this.takes(notice, { ...alive, pos: family.born });
        case "tenant":
          return !locked && this.takes(notice, alive);
        case "outdated":
        case "token":
        case "epoch":
          return false;
      }
    });
  }

  /** The table of spec/notices.md, once more. */
  takes({ taking, pos }: CommittedNotice, claims: Takeable): boolean {
    const older = isBefore(claims.pos, pos);
    switch (taking.kind) {
      case "session":
        return claims.sid === taking.sid || claims.anc.includes(taking.sid);
      case "outdated":
        return older && (claims.sid === taking.sid || claims.anc.includes(taking.sid));
      case "family":
        return claims.sid === taking.sid && claims.fam === taking.fam;
      case "token":
        return claims.jti === taking.jti;
      case "subject":
        return older && this.#hash("subject", claims.sub) === taking.subject;
      case "client":
        return older && this.#hash("client", claims.clientId) === taking.client;
      case "tenant": {
        if (taking.issued_before !== undefined) return claims.iat < taking.issued_before;
        return isBefore(claims.pos, taking.before === undefined ? pos : (parsePosition(taking.before) ?? pos));
      }
      case "epoch":
        return claims.pos.epoch < pos.epoch;
    }
  }

  #hash(kind: "subject" | "client", value: string): string {
    const key = `${kind} ${value}`;
    const known = this.#hashes.get(key);
    if (known !== undefined) return known;
    if (this.#salt === undefined) throw new Error("a notice was matched before there was an issuer");
    const hash = takenHash(this.#salt, kind, value);
    this.#hashes.set(key, hash);
    return hash;
  }
}
