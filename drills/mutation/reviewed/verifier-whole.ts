import type { Reviewed } from "../reviewed.ts";

/** The table of notices, the verifier as a whole, and what it asks over the network. */
export const VERIFIER_WHOLE: readonly Reviewed[] = [
  {
    why: "equivalent",
    reason:
      "A quicker way beside one that answers the same, another hash, a walk in the other direction, or room that is made at once and not as it fills: only the time differs.",
    lines: {
      "ended.ts": ["get size(): number {"],
      "notice-table.ts": [
        "if (this.#packed.size > 0 && this.#packed.asked >= MOST_SEARCHES) this.#place(this.#packed.takeAll());",
        "let taken = this.#packed.size > 0 ? this.#packed.taken(token) : undefined;",
        "if (this.#used > 0) {",
        'return this.#otherTokens.size > 0 && this.#otherTokens.has(token.jti) ? "revoked" : undefined;',
        "const rows = this.#used + lists.reduce((sum, { size }) => sum + size, 0);",
        "if (rows > this.#capacity * FULLEST) this.#rebuild(rows);",
        "let hash = Math.imul((words[at] ?? 0) ^ ((words[at + 1] ?? 0) >>> 7), 0x9e3779b1);",
        "hash = Math.imul(hash ^ (words[at + 2] ?? 0) ^ (hash >>> 15), 0x85ebca6b);",
        "hash = Math.imul(hash ^ (words[at + 3] ?? 0) ^ (hash >>> 13), 0xc2b2ae35);",
        "return (slot + 1) & (this.#capacity - 1);",
      ],
      "verifier.ts": [
        "const read = text === undefined ? undefined : this.#memory.find(text);",
        "if (text !== undefined && read !== undefined) return this.#verify(text, required, read);",
        "return (read === undefined ? undefined : this.#atOnce(read, required)) ?? this.#judged(token, required);",
        "#atOnce(read: Remembered, required: Requirements): Verdict | undefined {",
        "if (this.#pulled !== undefined && this.#wantsPull(this.#pulled, verdict)) return undefined;",
        "const memories = [this.#memory, this.#sessions.memory].filter(({ size }) => size > 0);",
        "if (memories.length === 0 && this.#ended.size === 0) return;",
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Of a table: whatever follows finds the revocation again; a slot that is free is over at every horizon; four fifths of a power of two are no whole number; behind the last slot lies nothing; rows of another kind have no family, which is read as 0.",
    lines: {
      "notice-table.ts": [
        'if (taken === "revoked") return taken;',
        'case "epoch":',
        "if (horizon <= this.#horizon) return;",
        "if (this.#used > this.#capacity * FULLEST) this.#rebuild(this.#used - this.#past());",
        "while (live > this.#capacity * FULLEST) this.#capacity *= 2;",
        "for (let old = 0; old < slots; old += 1) {",
        "if (kind === FREE || (until[old] ?? 0) <= this.#horizon) continue;",
        "this.#put(list.kind, list.kind === CODES.family ? famAt(list, row) : 0, list.seqOf(row), list.untilOf(row));",
      ],
    },
  },
  {
    why: "accepted",
    reason:
      "What is compared besides is no session's id: zeros where a token has no session, and behind the last ancestor the family and what belongs to another token, of which 128 bits would have to agree.",
    lines: {
      "notice-table.ts": [
        "if (token.hasSid) taken = this.#session(words, token.sidAt, seq, token.fam, true) ?? taken;",
        'for (let at = token.ancAt; at < token.ancEnd && taken !== "revoked"; at += 4) {',
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Nobody reads it: a verifier that pulls has no timer that would send its activity; what is unavailable never counts as remembered; a verdict of no has no age, and so is never due.",
    lines: {
      "verifier.ts": [
        "this.#activity = new Activity(undefined, () => false);",
        "return { verdict: this.#decision.cannotKnow(), remembered: false };",
        'if (this.#decision.closed || verdict.kind === "rejected") return false;',
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Done before or after by something else: what is closed has nothing left to close; a snapshot follows every other salt and forgets what was said, and until then its keys are of the salt before; a call of what is not there throws, and is caught as the failure that it is.",
    lines: {
      "verifier.ts": [
        "if (this.#decision.closed) return;",
        "this.#sessions.forget();",
        'if (ports.introspect === undefined) return unavailable("introspection_failed");',
      ],
      "runtime.ts": ['if (!isToken || typeof type !== "string" || type.toLowerCase() !== "bearer") {'],
    },
  },
  {
    why: "equivalent",
    reason:
      "Of a request that is joined: the lease that it brings is no younger than the request, nobody pauses while one is under way and a closed client has none, a timer that is left over lands a request that is over already, and whoever joined twice finds the second sent after their call.",
    lines: {
      "pull-client.ts": [
        "for (let attempt = 0; attempt < 2; attempt += 1) {",
        "if (joined === undefined && (this.#isPaused || this.#closed)) return;",
        "const serves = flight.sent === undefined || this.#ageNow(flight.sent) < limitMs;",
        "if (joined === undefined || (serves && this.#leaseAge() < limitMs)) return;",
        "cancel();",
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Of an answer: what throws there is caught as one that does not count, its first frame says whether anything was lost, and what stands where it was refused is compared with nothing.",
    lines: {
      "pull-client.ts": [
        "return frames !== undefined && this.#flight === flight && this.#apply(frames, flight);",
        "let lost = false;",
        "const [welcome, keys, ...rest] = frames ?? [];",
        'const whole = welcome?.type === "welcome" && keys?.type === "keys" && isHeadFor(head, n);',
        '({ type }) => type === (welcome?.type === "welcome" && welcome.resumed ? "notices" : "snapshot"),',
        'return frame?.type === "head" && frame.n === n;',
      ],
    },
  },
  {
    why: "accepted",
    reason:
      "Another platform: one whose cryptography has to be loaded, one that tells a connection that ended by EPIPE or by one of two events, one without zlib.",
    lines: {
      "pull-client.ts": ["({ token } = await this.#bearer.fresh(() => ports.crypto.load?.()));"],
      "node-post.ts": [
        'incoming.on("error", reject).on("aborted", () => reject(new Error("the answer was cut off")));',
        'if (again && request.reusedSocket && (cause.code === "ECONNRESET" || cause.code === "EPIPE"))',
      ],
    },
  },
];
