// What a verifier holds: view, table of notices, keys, lease. The one place where a step of the view changes the
// table, and where a loss ends the lease, in the same turn.

import {
  DEFAULT_SKEW_SECONDS,
  decodeBase64url,
  type HeadFrame,
  type KeysFrame,
  type Notice,
  type NoticeRows,
  noticesOfRows,
  type Position,
  type Welcome,
} from "@hallpass/protocol";
import type { Known } from "./judge.ts";
import { KeySet } from "./key-set.ts";
import { type Answer, Lease, type SentPing, weighHead } from "./lease.ts";
import { NoticeTable } from "./notice-table.ts";
import { cursorOf, EMPTY, resting, stepView, type View, type ViewEvent } from "./view.ts";

/** What those who remember tokens or hold streams must look at again. */
export type Change =
  /** Made into notices when they are asked for: nobody may have to look. */
  | { readonly kind: "notices"; readonly notices: () => readonly Notice[] }
  | { readonly kind: "replaced" }
  | { readonly kind: "keys" }
  | { readonly kind: "salt" };

const NO_SALT: Uint8Array = new Uint8Array(0);

export class Knowledge {
  readonly keys: KeySet = new KeySet();
  readonly lease: Lease = new Lease();
  readonly #changed: (change: Change) => void;
  #view: View = EMPTY;
  #table: NoticeTable = new NoticeTable();
  #gathered: NoticeTable = new NoticeTable();
  #gatheredNotices: Notice[] = [];
  #gatheredRows: NoticeRows[] = [];
  #known: Known | undefined;
  /** Counts what has changed the table so that it may take away more. */
  #revision = 0;
  #salt: Uint8Array = NO_SALT;
  #skewSeconds = DEFAULT_SKEW_SECONDS;
  #maxLifetimeSeconds = 0;

  constructor(changed: (change: Change) => void) {
    this.#changed = changed;
  }

  get view(): View {
    return this.#view;
  }

  /** What tokens are judged against; undefined before the first complete snapshot (FEED-1). */
  get known(): Known | undefined {
    return this.#known;
  }

  get salt(): Uint8Array {
    return this.#salt;
  }

  get skewSeconds(): number {
    return this.#skewSeconds;
  }

  get maxLifetimeSeconds(): number {
    return this.#maxLifetimeSeconds;
  }

  get tracked(): number {
    return this.#table.size;
  }

  get tableBytes(): number {
    return this.#table.bytes;
  }

  get cursor(): string | null {
    return cursorOf(this.#view);
  }

  /** Where the view stands; undefined when it can't be pinged for. */
  get applied(): Position | undefined {
    return this.#view.state === "live" && this.keys.version !== undefined ? this.#view.held.at : undefined;
  }

  /** True when the connection must be left. */
  welcome(frame: Welcome): boolean {
    const salt = decodeBase64url(frame.salt) ?? NO_SALT;
    if (!sameBytes(salt, this.#salt)) {
      // Hashes under another salt mean nothing: neither the table nor what was remembered can be compared any more.
      this.#salt = salt;
      this.#view = EMPTY;
      this.#table = new NoticeTable();
      this.#known = undefined;
      this.lease.end();
      this.#changed({ kind: "salt" });
    }
    this.#skewSeconds = frame.skew_s;
    this.#maxLifetimeSeconds = frame.max_lifetime_s;
    return this.apply({ type: "welcome", resumed: frame.resumed });
  }

  /** True when the connection must be left. */
  apply(event: ViewEvent): boolean {
    const step = stepView(this.#view, event);
    this.#view = step.view;
    if (step.leaseEnds) this.lease.end();
    switch (step.table) {
      case "keep":
        break;
      case "start gathering":
        this.#startGathering();
        this.#gather(step.notices, rowsOf(event));
        break;
      case "gather":
        this.#gather(step.notices, rowsOf(event));
        break;
      case "replace":
        if (event.type === "snapshot" && event.part === 1) this.#startGathering();
        this.#gather(step.notices, rowsOf(event));
        this.#gathered.keepRows(this.#gatheredRows);
        this.#table = this.#gathered;
        this.#gathered = new NoticeTable();
        this.#revision += 1;
        break;
      case "add":
        for (const notice of step.notices) this.#table.add(notice);
        if (step.notices.length > 0) this.#revision += 1;
        break;
    }
    this.#refresh();
    this.#tell(step.table, step.notices);
    return step.leave;
  }

  /** True when the connection must be left. */
  applyKeys(frame: KeysFrame, firstOfConnection: boolean): boolean {
    const wentBack = this.keys.replace(frame, firstOfConnection) === "went_back";
    if (wentBack) this.lease.end();
    this.#changed({ kind: "keys" });
    return wentBack && !firstOfConnection;
  }

  /** Grants, or ends, or neither (LEASE-1). */
  answer(head: HeadFrame, ping: SentPing | undefined): Answer {
    const at = this.applied;
    if (at === undefined || this.keys.version === undefined) return "nothing";
    const answer = weighHead(head, ping, { at, keys: this.keys.version });
    if (answer === "granted" && ping !== undefined) this.lease.grant(ping.at);
    if (answer === "gap" || answer === "went_back") this.apply({ type: "contradicted", why: answer });
    return answer;
  }

  #startGathering(): void {
    this.#gathered = new NoticeTable();
    this.#gatheredNotices = [];
    this.#gatheredRows = [];
  }

  #gather(notices: readonly Notice[], rows: readonly NoticeRows[]): void {
    for (const notice of notices) {
      this.#gathered.add(notice);
      this.#gatheredNotices.push(notice);
    }
    for (const stretch of rows) this.#gatheredRows.push(stretch);
  }

  #refresh(): void {
    const rest = resting(this.#view);
    if (rest.state === "empty") return;
    const { horizon, at } = rest.held;
    this.#table.forget(horizon);
    this.#known = {
      table: this.#table,
      revision: this.#revision,
      epoch: at.epoch,
      horizon: Math.max(horizon, this.#known?.horizon ?? 0),
    };
  }

  #tell(table: string, notices: readonly Notice[]): void {
    if (table === "add" && notices.length > 0) this.#changed({ kind: "notices", notices: () => notices });
    if (table !== "replace") return;
    const [texts, rows] = [this.#gatheredNotices, this.#gatheredRows];
    [this.#gatheredNotices, this.#gatheredRows] = [[], []];
    this.#changed({ kind: "notices", notices: () => [...texts, ...rows.flatMap(noticesOfRows)] });
    this.#changed({ kind: "replaced" });
  }
}

function rowsOf(event: ViewEvent): readonly NoticeRows[] {
  return event.type === "snapshot" ? (event.rows ?? []) : [];
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
