import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { START } from "../testing/builders.ts";
import { Fault } from "./fault.ts";
import { parseClientId, parseFamilyId, parseSessionId, parseSubjectId, parseTenantId } from "./ids.ts";
import { Secret } from "./secret.ts";
import { after, afterMs, instantOf, isPast, numericDate, secondsOf } from "./time.ts";

describe("names of things", () => {
  const names: readonly [
    what: string,
    parse: (text: string) => string | undefined,
    good: readonly string[],
    bad: readonly string[],
  ][] = [
    [
      "tenant",
      parseTenantId,
      ["main", "a", "a-1", "0", "x".repeat(63)],
      ["", "-a", "A", "a_b", "a.b", "a\n", "a\0", "x".repeat(64)],
    ],
    [
      "client",
      parseClientId,
      ["web", "A.b~c_d-1", "x".repeat(128)],
      ["", ".a", "a b", "a/b", "a\n", "é", "a\0", "x".repeat(129)],
    ],
    ["family", parseFamilyId, ["AAECAw", "_-_-_w"], ["", "AAECAx", "AAECA", "AAECAwA", "AAEC+w", "AAECAw\n"]],
    [
      "session",
      parseSessionId,
      ["019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10"],
      [
        "",
        "019A9C3E-6F1A-7C41-9A52-0D7C2B1F9E10",
        "019a9c3e6f1a7c419a520d7c2b1f9e10",
        "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10\n",
      ],
    ],
    [
      "subject",
      parseSubjectId,
      ["u", "u-81", "zoë@example", "東京", "a b", "x".repeat(255)],
      [
        "",
        "x".repeat(256),
        "é".repeat(128),
        "a\0",
        "a\nb",
        "a\u202eb",
        "a\ufeff",
        "a\u0085",
        "e\u0301",
        "\ud800",
        "a\u2066b",
      ],
    ],
  ];
  for (const [what, parse, good, bad] of names) {
    it(`of a ${what} have one spelling`, () => {
      for (const text of good) assert.equal(parse(text), text);
      for (const text of bad) assert.equal(parse(text), undefined, JSON.stringify(text));
    });
  }
});

describe("a client's name that stood beside a secret", () => {
  it("keeps nothing of the text that it was cut out of [L-07]", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = heap();
    const kept = Array.from({ length: 200 }, (_, nth) => {
      const body = Buffer.from(`client_secret=${String(nth).padStart(50_000, "s")}&client_id=machine-of-the-night`);
      return parseClientId(body.toString().slice(-"machine-of-the-night".length));
    });
    const grown = heap() - before;
    assert.ok(grown < 2_000_000, `${grown} bytes for ${kept.length} names`);
  });
});

describe("time", () => {
  it("makes a deadline past at the instant that it names", () => {
    const deadline = after(START, secondsOf(1));
    assert.deepEqual(
      [-1, 0, 1].map((ms) => isPast(deadline, afterMs(deadline, ms))),
      [false, true, true],
    );
  });

  it("has whole milliseconds and whole seconds, and nothing else", () => {
    for (const ms of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      assert.throws(() => instantOf(ms), RangeError);
    for (const seconds of [0, -1, 0.5, Number.NaN, 2 ** 53]) assert.throws(() => secondsOf(seconds), RangeError);
    assert.equal(numericDate(instantOf(1999)), 1);
  });
});

describe("a secret", () => {
  it("prints as nothing that it is, in whatever way it is printed [L-01]", () => {
    const secret = new Secret("canary");
    const printed = [
      String(secret),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: [secret] }, { depth: 9, showHidden: true }),
      Object.keys(secret).join(),
    ];
    for (const text of printed) assert.equal(text.includes("canary"), false, text);
    assert.deepEqual(printed.slice(0, 3), ["[secret]", '{"secret":"[secret]"}', "[secret]"]);
    assert.equal(secret.reveal(), "canary");
    assert.equal(new Secret(() => "canary").reveal(), "canary");
  });
});

describe("a fault", () => {
  it("says what failed, and when to try again: after a second unless it knows better", () => {
    const fault = new Fault("contended");
    assert.deepEqual([String(fault), fault.code, fault.retryAfter], ["Fault: contended", "contended", 1]);
    const cause = new Error("why");
    const later = new Fault("overloaded", { cause, retryAfter: 7 });
    assert.deepEqual([later.retryAfter, later.cause], [7, cause]);
  });
});
