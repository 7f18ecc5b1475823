import type { Reviewed } from "../reviewed.ts";

export const VERIFIER: readonly Reviewed[] = [
  {
    why: "equivalent",
    reason:
      "A check for the compiler, of what can't be where it stands: what was read before it, or what follows, decides the same.",
    lines: {
      "claims-schema.ts": [
        'if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;',
      ],
      "decision.ts": [
        'if (typeof read === "string" || untrusted !== undefined) {',
        'return rejected(untrusted ?? "unknown_key");',
        'verdict.kind === "unavailable" &&',
        'if (known === undefined || keys.salt !== salt) return "stale";',
      ],
      "ended.ts": ["same?.delete(watched);"],
      "judge.ts": [
        'return verdict.kind === "rejected" && (verdict.code === "outdated" || verdict.code === "older_epoch");',
        'if (nbf !== undefined && nbf * 1000 > now + skew * 1000) return "not_yet_valid";',
      ],
      "key-set.ts": ["const older = this.#version !== undefined && frame.version < this.#version;"],
      "lease.ts": ["if (oldest.done !== true) this.#sent.delete(oldest.value);"],
      "match-index.ts": ["return words[at + 3] ?? 0;"],
    },
  },
  {
    why: "equivalent",
    reason:
      "A quicker way beside one that answers the same: it may be taken more often, less often or never, and only the time differs.",
    lines: {
      "ended.ts": [
        "if (this.#unjudged.size === 0) {",
        "if (this.#index.size === 0) return;",
        "this.#unjudged.clear();",
        "this.#unjudged.delete(watched);",
      ],
      "judge.ts": [
        "if (token.clearAt === known.revision) return undefined;",
        "if (taken === undefined) token.clearAt = known.revision;",
      ],
      "key-set.ts": [
        "if (asked) return opened;",
        "asked = true;",
        "if (opened instanceof Promise) void opened.then((key) => (opened = key));",
      ],
      "match-index.ts": [
        "else if (held !== item) this.#buckets.set(bucket, new Set([held, item]));",
        "if (this.#items.size === 0) return [];",
        "if (bucket === undefined) return this.items();",
        "export function bucketOfNotice({ taking }: Notice): number | undefined {",
        'case "session":',
        'case "outdated":',
        'case "token":',
        'case "subject":',
        'case "client":',
        'case "tenant":',
        'case "epoch":',
        "function bucketOf(words: KeyWords, at: number): number {",
        "if (keys.hasSid) visit(bucketOf(words, keys.sidAt));",
        "if (keys.jtiIsCode) visit(bucketOf(words, keys.jtiAt));",
        "for (let at = keys.subjectsAt; at < keys.ancEnd; at += 4) visit(bucketOf(words, at));",
      ],
    },
  },
  {
    why: "equivalent",
    reason: "A body that ends without `return` gives undefined, as it does with it.",
    lines: { "key-set.ts": ["} catch {"] },
  },
  {
    why: "accepted",
    reason:
      "How much is kept at most, or that something empty is kept no longer: one more or one less changes no answer.",
    lines: {
      "activity.ts": [
        "if (this.#noted.length > MOST_KEPT) this.#keepOnly(this.#noted.slice(MAX_ACTIVITY));",
        "if (this.#bySession.get(pair[0]) === undefined && this.#noted.length < MOST_KEPT) this.#add(pair);",
      ],
      "ended.ts": ["if (same?.size === 0) this.#bySecond.delete(second);"],
      "match-index.ts": [
        "if (held === item || (held instanceof Set && held.size === 0)) this.#buckets.delete(bucket);",
      ],
    },
  },
];
