import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_STALENESS_MS, MIN_STALENESS_MS } from "@hallpass/protocol";
import { checkCredentials, keysCertainMs, OptionsError, type SettingsOptions, settingsFrom } from "./options.ts";

const right: SettingsOptions = { issuer: "https://auth.example", audience: "https://api.example" };

/** The keys that are named as wrong. */
function wrongIn(given: object, from: (options: never) => unknown = settingsFrom): readonly string[] {
  try {
    from({ ...right, ...given } as never);
    return [];
  } catch (error) {
    assert.ok(error instanceof OptionsError);
    assert.equal(error.name, "OptionsError");
    for (const problem of error.problems) {
      assert.match(problem, /^\w+: \S/);
      assert.ok(error.message.includes(problem));
    }
    return error.problems.map((problem) => problem.split(":")[0] ?? "");
  }
}

const long = (length: number): string => "x".repeat(length);
const cookie = { name: "__Host-session", origins: ["https://app.example"] };

const ROWS: readonly (readonly [key: string, fits: readonly unknown[], wrong: readonly unknown[]])[] = [
  [
    "issuer",
    [
      "https://auth.example/",
      "https://auth.example/a/b",
      "http://localhost:1",
      "http://127.0.0.1",
      "http://[::1]:8080",
      `https://auth.example/${long(491)}`,
    ],
    [
      undefined,
      null,
      7,
      "",
      "auth.example",
      "http://auth.example",
      "http://localhost.example",
      "ftp://localhost",
      "https://auth.example?",
      "https://auth.example#",
      "https://user@auth.example",
      "https://:word@auth.example",
      `https://auth.example/${long(492)}`,
    ],
  ],
  ["audience", ["a", long(512)], [undefined, "", 7, null, long(513)]],
  ["service", ["a b~", long(128)], ["", long(129), "a\nb", "\u00e9", 7, " \u007f"]],
  ["region", ["eu-1", long(128)], ["", long(129), "a\u0000", 7]],
  ["instance", ["api-1", long(128)], ["", long(129), "\tx", 7]],
  [
    "maxStalenessMs",
    [MIN_STALENESS_MS, MAX_STALENESS_MS],
    [MIN_STALENESS_MS - 1, MAX_STALENESS_MS + 1, MIN_STALENESS_MS + 0.5, "1000", Number.NaN, null],
  ],
  ["onStale", ["unavailable", "introspect", "accept"], ["", "reject", 7, null]],
  ["claims", [], [null, "schema", {}]],
  [
    "resourceMetadata",
    ["https://api.example/.well-known/x", "http://localhost/x"],
    ["", "x", "http://api.example", "https://api.example/a b", 'https://api.example/"', "https://api.example/\\", 7],
  ],
  ["feed", ["push", "pull"], ["", "poll", 7, null]],
  ["tracer", [{ startSpan: () => undefined }], [null, "tracer", {}, { startSpan: 7 }, [() => undefined]]],
  [
    "cookie",
    [
      cookie,
      { ...cookie, origins: ["https://app.example:8443", "http://localhost:3000"] },
      { ...cookie, name: "__Host-a.b_c-1" },
      { ...cookie, name: `__Host-${long(100)}` },
    ],
    [
      null,
      "__Host-session",
      [],
      {},
      { name: cookie.name },
      { origins: cookie.origins },
      { ...cookie, path: "/" },
      { ...cookie, name: "session" },
      { ...cookie, name: "x__Host-session" },
      { ...cookie, name: "__Host-" },
      { ...cookie, name: "__Host-a b" },
      { ...cookie, name: `__Host-${long(101)}` },
      { ...cookie, name: 7 },
      { ...cookie, origins: [] },
      { ...cookie, origins: "https://app.example" },
      { ...cookie, origins: ["https://app.example/"] },
      { ...cookie, origins: ["app.example"] },
      { ...cookie, origins: ["https://app.example", 7] },
    ],
  ],
  ["rememberedTokens", [2, 10_000_000], [1, 0, 10_000_001, 2.5, "100"]],
];

for (const [key, fits, wrong] of ROWS) {
  test(`the option ${key} takes what it says, and names itself for anything else`, () => {
    for (const value of fits) assert.deepEqual(wrongIn({ [key]: value }), [], JSON.stringify(value));
    for (const value of wrong) assert.deepEqual(wrongIn({ [key]: value }), [key], JSON.stringify(value));
  });
}

test("only issuer and audience have to be given, and what is not given is as the page says", () => {
  assert.deepEqual(settingsFrom(right), {
    issuer: right.issuer,
    audience: right.audience,
    service: right.audience,
    region: undefined,
    instance: undefined,
    maxStalenessMs: 60_000,
    onStale: "unavailable",
    feed: "push",
    cookie: undefined,
    claims: undefined,
    resourceMetadata: undefined,
    rememberedTokens: 10_000,
  });
  assert.equal(settingsFrom({ ...right, audience: "\u00e9" }).service, "resource-server");
  assert.equal(settingsFrom({ ...right, audience: long(129) }).service, "resource-server");
  const given = { service: "api", region: "eu", instance: "i", maxStalenessMs: 2000, onStale: "accept" } as const;
  const more = { feed: "pull", cookie, resourceMetadata: "https://api.example/x", rememberedTokens: 7 } as const;
  const { claims, ...settings } = settingsFrom({ ...right, ...given, ...more });
  assert.deepEqual([settings, claims], [{ ...right, ...given, ...more }, undefined]);
});

test("a key that nobody knows is refused, also one that every object has", () => {
  assert.deepEqual(wrongIn({ colour: "red", toString: "x" }), ["colour", "toString"]);
});

test("credentials are two texts and nothing else, and are named with all other problems", () => {
  const credentials = { clientId: "api", clientSecret: "s" };
  const wrong = (given: unknown, more: object = {}): readonly string[] =>
    wrongIn({ credentials: given, ...more }, checkCredentials);
  assert.deepEqual(wrong(credentials), []);
  assert.deepEqual(wrong({ clientId: long(255), clientSecret: long(1024) }), []);
  for (const given of [
    undefined,
    null,
    "api:s",
    {},
    { clientId: "api" },
    { ...credentials, more: 1 },
    { ...credentials, clientId: "" },
    { ...credentials, clientSecret: "" },
    { ...credentials, clientId: long(256) },
    { ...credentials, clientSecret: long(1025) },
  ])
    assert.deepEqual(wrong(given), ["credentials"], JSON.stringify(given));
  assert.deepEqual(wrong(credentials, { fetch: () => undefined }), []);
  assert.deepEqual(wrong(null, { fetch: "https://proxy", issuer: "x" }), ["credentials", "fetch", "issuer"]);
});

test("what goes on from credentials has neither them nor the app's fetch", () => {
  const given = { ...right, credentials: { clientId: "api", clientSecret: "s" }, fetch: () => assert.fail("asked") };
  assert.deepEqual(checkCredentials(given), right);
});

test("a pushed view knows of every key for five seconds at most, a pulled one for M [AT-V3]", () => {
  assert.equal(keysCertainMs({ feed: "push", maxStalenessMs: 60_000 }), 5000);
  assert.equal(keysCertainMs({ feed: "push", maxStalenessMs: 2000 }), 2000);
  assert.equal(keysCertainMs({ feed: "pull", maxStalenessMs: 60_000 }), 60_000);
});
