// One token of one scope and resource: held, renewed before it ends, and asked for by one request however many wait.
// What must stay true: a token is handed out only while it is good, and a failing renewal takes nothing away.

import type { Pause } from "./pause.ts";
import { type Ports, rest } from "./ports.ts";
import { type Granted, readAnswer } from "./token-answer.ts";
import { connectionCode, TokenError } from "./token-error.ts";
import type { StoredToken, TokenStore } from "./token-store.ts";

/** A renewal is due between these parts of the lifetime, scattered. */
const RENEW_FROM = 0.7;
const RENEW_SCATTER = 0.15;
/** The end of the lifetime in which a token is no longer handed out: it has a way to go. */
const UNUSED_PART = 0.1;
const UNUSED_MS = 10_000;
/** A refusal is repeated without a request for so long: a loop around a wrong secret is no storm. */
const REFUSED_FOR_MS = 5000;
/** A token younger than this is not replaced because a resource server refuses it: the next one would fare no better. */
const YOUNG_MS = 5000;

interface Held {
  readonly token: string;
  /** Both clocks: the wall may jump, the other one may stand still while the machine sleeps. */
  readonly usableUntil: number;
  readonly usableUntilMonotonic: number;
  readonly renewAt: number;
  readonly issuedAt: number;
}

export interface SourceSettings {
  readonly key: string;
  readonly form: Readonly<Record<string, string>>;
  readonly pause: Pause;
  readonly waitAtMostMs: number;
  readonly store: TokenStore | undefined;
  readonly onStoreFault: (fault: unknown) => void;
}

export class TokenSource {
  readonly #ports: Ports;
  readonly #settings: SourceSettings;
  #held: Held | undefined;
  #rejected: string | undefined;
  #attempt: Promise<Held> | undefined;
  #obtaining: Promise<Held> | undefined;
  #refusal: { readonly error: TokenError; readonly until: number } | undefined;

  constructor(ports: Ports, settings: SourceSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Rejects with TokenError. */
  async token(): Promise<string> {
    const held = this.#usable();
    if (held === undefined) return (await this.#obtained()).token;
    if (this.#ports.clock.monotonic() >= held.renewAt) this.#renewAside();
    return held.token;
  }

  /** Somebody refused this token as invalid: it is not handed out again, unless it is young. */
  reject(token: string): void {
    const held = this.#held;
    if (held?.token !== token || this.#ports.clock.monotonic() - held.issuedAt < YOUNG_MS) return;
    this.#rejected = token;
    this.#held = undefined;
  }

  #usable(): Held | undefined {
    const { clock } = this.#ports;
    const held = this.#held;
    const isGood =
      held !== undefined && clock.now() < held.usableUntil && clock.monotonic() < held.usableUntilMonotonic;
    return isGood ? held : undefined;
  }

  #renewAside(): void {
    if (this.#settings.pause.left() > 0 || this.#freshRefusal() !== undefined) return;
    // The token that is held still answers; what went wrong is known to the pause.
    this.#once().catch(() => undefined);
  }

  #obtained(): Promise<Held> {
    this.#obtaining ??= this.#persist().finally(() => {
      this.#obtaining = undefined;
    });
    return this.#obtaining;
  }

  async #persist(): Promise<Held> {
    const { clock, scheduler } = this.#ports;
    const { pause, waitAtMostMs } = this.#settings;
    const giveUpAt = clock.monotonic() + waitAtMostMs;
    for (;;) {
      const refusal = this.#freshRefusal();
      if (refusal !== undefined) throw refusal;
      for (let left = pause.left(); left > 0; left = pause.left()) {
        if (clock.monotonic() + left > giveUpAt) throw pause.failure();
        await rest(scheduler, left);
      }
      try {
        return this.#usable() ?? (await this.#once());
      } catch (error) {
        if (!(error instanceof TokenError) || error.code !== "unavailable") throw error;
      }
    }
  }

  #freshRefusal(): TokenError | undefined {
    const refusal = this.#refusal;
    return refusal !== undefined && this.#ports.clock.monotonic() < refusal.until ? refusal.error : undefined;
  }

  #once(): Promise<Held> {
    this.#attempt ??= this.#sharedOrAsked().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #sharedOrAsked(): Promise<Held> {
    const { store, key, onStoreFault } = this.#settings;
    if (store === undefined) return this.#ask();
    let running: Promise<Held> | undefined;
    try {
      return await store.exclusively(key, () => (running = this.#shared(store)));
    } catch (fault) {
      if (running !== undefined) return running;
      onStoreFault(fault);
      return this.#ask();
    }
  }

  async #shared(store: TokenStore): Promise<Held> {
    const { key, onStoreFault } = this.#settings;
    const { clock } = this.#ports;
    try {
      const stored = await store.read(key);
      if (stored !== undefined && stored.token !== this.#rejected && stored.token !== this.#held?.token) {
        const found = this.#heldFrom(stored);
        // An entry from the future was written under another wall clock: it says nothing about now.
        if (clock.now() < found.usableUntil && stored.issuedAt <= clock.now()) return this.#keep(found);
      }
    } catch (fault) {
      onStoreFault(fault);
    }
    return this.#ask();
  }

  async #ask(): Promise<Held> {
    const { store, key, form, pause, onStoreFault } = this.#settings;
    const issuedAt = this.#ports.clock.now();
    const { token, lifetimeMs } = await this.#granted(form, pause);
    const stored: StoredToken = { token, issuedAt, expiresAt: issuedAt + lifetimeMs };
    const held = this.#keep(this.#heldFrom(stored));
    try {
      await store?.write(key, stored);
    } catch (fault) {
      onStoreFault(fault);
    }
    return held;
  }

  async #granted(form: Readonly<Record<string, string>>, pause: Pause): Promise<Granted> {
    let retryAfter: string | null = null;
    try {
      const answer = await this.#ports.post({ grant_type: "client_credentials", ...form }).catch((thrown: unknown) => {
        if (thrown instanceof TokenError) throw thrown;
        throw new TokenError({ code: "unavailable", error: connectionCode(thrown) });
      });
      retryAfter = answer.retryAfter;
      const granted = readAnswer(answer);
      pause.answered();
      this.#refusal = undefined;
      return granted;
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      if (error.code === "unavailable") pause.failed(error, retryAfter);
      else this.#refusal = { error, until: this.#ports.clock.monotonic() + REFUSED_FOR_MS };
      throw error;
    }
  }

  #keep(held: Held): Held {
    this.#held = held;
    return held;
  }

  #heldFrom({ token, issuedAt, expiresAt }: StoredToken): Held {
    const { clock, dice } = this.#ports;
    const lifetime = expiresAt - issuedAt;
    // What passed since it was issued, on the clock that does not jump.
    const issuedMonotonic = clock.monotonic() - Math.max(0, clock.now() - issuedAt);
    const usable = lifetime - Math.min(UNUSED_MS, lifetime * UNUSED_PART);
    return {
      token,
      usableUntil: issuedAt + usable,
      usableUntilMonotonic: issuedMonotonic + usable,
      renewAt: issuedMonotonic + lifetime * (RENEW_FROM + dice.fraction() * RENEW_SCATTER),
      issuedAt: issuedMonotonic,
    };
  }
}
