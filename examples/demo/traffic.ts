// Traffic in the background: good tokens at a steady rate, in turn at every verifier. Every answer is counted.

import { ask, type Reply } from "./asking.ts";
import type { SignedIn } from "./issuer-api.ts";
import type { VerifierProcess } from "./processes.ts";

const TICK_MS = 10;
const MOST_OPEN = 200;

export class Traffic {
  readonly #users: SignedIn[];
  readonly #rate: number;
  #verifiers: readonly VerifierProcess[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #open = 0;
  #started = 0;
  /** Answers by status; 0 for none. */
  readonly statuses: Map<number, number> = new Map<number, number>();
  /** The oldest view that an answer of each verifier came from, in milliseconds. */
  readonly oldestView: Map<string, number> = new Map<string, number>();

  constructor(users: readonly SignedIn[], rate: number) {
    this.#users = [...users];
    this.#rate = rate;
  }

  get answered(): number {
    return [...this.statuses.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Requests per second since the start. */
  get rate(): number {
    return (this.answered * 1000) / (performance.now() - this.#started);
  }

  /** A user who is no longer part of the traffic. Throws when there is none left. */
  takeUser(): SignedIn {
    const user = this.#users.shift();
    if (user === undefined) throw new Error("no user is left");
    return user;
  }

  start(verifiers: readonly VerifierProcess[]): void {
    this.#verifiers = verifiers;
    this.#started = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - this.#started) * this.#rate) / 1000);
      while (this.#sent < due && this.#open < MOST_OPEN) this.#send();
      // What can't be answered is not piled up: the rate that is printed is the one that was answered.
      this.#sent = due;
    }, TICK_MS);
  }

  only(verifiers: readonly VerifierProcess[]): void {
    this.#verifiers = verifiers;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether every request was answered. */
  get idle(): boolean {
    return this.#open === 0;
  }

  #send(): void {
    this.#sent += 1;
    const verifier = this.#verifiers[this.#sent % this.#verifiers.length];
    const user = this.#users[this.#sent % this.#users.length];
    if (verifier === undefined || user === undefined) return;
    this.#open += 1;
    ask(verifier, user.access)
      .then((reply) => this.#count(verifier, reply))
      .catch(() => this.#tally(0))
      .finally(() => {
        this.#open -= 1;
      });
  }

  #count({ instance }: VerifierProcess, reply: Reply): void {
    this.#tally(reply.status);
    this.oldestView.set(instance, Math.max(this.oldestView.get(instance) ?? 0, reply.viewAgeMs));
  }

  #tally(status: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }
}
