import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { decodeBase64url, type Taking } from "@hallpass/protocol";
import { instantOf } from "../kernel/time.ts";
import { livesUntil } from "../store/notice-place.ts";
import { fixedDice, SID, TENANT } from "../testing/builders.ts";
import { noticeDraft, takenHash } from "./notice-draft.ts";

interface Vectors {
  readonly salt: string;
  readonly hashes: readonly { readonly kind: "subject" | "client"; readonly value: string; readonly hash: string }[];
  readonly lives: readonly {
    readonly kind: "session" | "subject" | "token";
    readonly at_ms: number;
    readonly longest_s: number;
    readonly skew_s: number;
    readonly exp_ms: number | null;
    readonly until_ms: number;
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../../spec/vectors/notices.json", import.meta.url), "utf8"),
) as Vectors;
const salt = decodeBase64url(vectors.salt) ?? new Uint8Array();
const takings: Readonly<Record<"session" | "subject" | "token", Taking>> = {
  session: { kind: "session", sid: SID },
  subject: { kind: "subject", subject: "q0l5jJc2k1vYl3q7p0aXwA" },
  token: { kind: "token", jti: "4pJ0mB2nQm6cG0q3f1x0Aw" },
};

describe("a notice", () => {
  for (const { kind, value, hash } of vectors.hashes) {
    it(`names a ${kind} of ${value.length} characters by the hash of the vectors [NOT-2]`, () => {
      assert.equal(takenHash(salt, kind, value), hash);
    });
  }

  it("names the same subject otherwise under another salt [NOT-2]", () => {
    const hash = takenHash(salt, "subject", "u-81");
    assert.notEqual(
      takenHash(
        salt.map((byte) => byte ^ 1),
        "subject",
        "u-81",
      ),
      hash,
    );
    assert.notEqual(takenHash(salt, "client", "u-81"), hash);
  });

  for (const life of vectors.lives) {
    it(`of kind ${life.kind} lives until no token can match it, as the vectors say [NOT-3] [F-17]`, () => {
      const exp = life.exp_ms === null ? null : instantOf(life.exp_ms);
      const lives = { longestToken: life.longest_s, skew: life.skew_s };
      const draft = noticeDraft(TENANT, takings[life.kind], lives, fixedDice("notice"), exp);
      assert.equal(livesUntil(draft, instantOf(life.at_ms)), life.until_ms);
    });
  }

  it("carries a mark of 8 random bytes, another each time [POS-5]", () => {
    const dice = fixedDice("marks");
    const marks = [1, 2, 3].map(() => noticeDraft(TENANT, takings.session, { longestToken: 1, skew: 1 }, dice).mark);
    assert.equal(new Set(marks).size, 3);
    for (const mark of marks) assert.equal(decodeBase64url(mark)?.length, 8);
  });
});
