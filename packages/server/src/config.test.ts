import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "./config.ts";
import { envName, KEYS, NAMES } from "./config-schema.ts";

const https = { HALLPASS_ISSUER: "https://auth.example" };

function problems(env: Readonly<Record<string, string>>): readonly string[] {
  const loaded = loadConfig({ env });
  return loaded.ok ? [] : loaded.problems;
}

test("an issuer is all that a server needs", () => {
  const loaded = loadConfig({ env: https });
  assert.ok(loaded.ok);
  assert.deepEqual(loaded.config.listen, { host: "127.0.0.1", port: 8026 });
  assert.equal(loaded.config.max_token_lifetime, 3600);
});

const wrong: readonly [title: string, env: Readonly<Record<string, string>>, pattern: RegExp][] = [
  ["no issuer", {}, /HALLPASS_ISSUER is needed/],
  ["plain http", { HALLPASS_ISSUER: "http://auth.example" }, /has to begin with https/],
  ["an issuer with a slash", { HALLPASS_ISSUER: "https://auth.example/" }, /HALLPASS_ISSUER has to be an origin/],
  ["an issuer with a path", { HALLPASS_ISSUER: "https://auth.example/t1" }, /HALLPASS_ISSUER has to be an origin/],
  ["an issuer with a query", { HALLPASS_ISSUER: "https://auth.example?a" }, /HALLPASS_ISSUER has to be an origin/],
  ["an issuer in capitals", { HALLPASS_ISSUER: "https://AUTH.example" }, /HALLPASS_ISSUER has to be an origin/],
  ["an unknown key", { ...https, HALLPASS_ISSUERS: "x" }, /^HALLPASS_ISSUERS is no key$/],
  ["a number as duration", { ...https, HALLPASS_MAX_TOKEN_LIFETIME: "900" }, /such as 30s, 15m/],
  ["no duration", { ...https, HALLPASS_MAX_TOKEN_LIFETIME: "0s" }, /such as 30s, 15m/],
  ["the memory store", { ...https, HALLPASS_STORE: "memory" }, /may be memory only/],
  ["a short key-encryption key", { ...https, HALLPASS_KEK: "abc" }, /HALLPASS_KEK has to be base64url of 32 bytes/],
  ["two key-encryption keys", { ...https, HALLPASS_KEK: "A".repeat(43), HALLPASS_KEK_FILE: "k" }, /exclude each other/],
  [
    "a cookie that another host can set",
    { ...https, HALLPASS_COOKIE_NAME: "session" },
    /COOKIE_NAME has to begin with __Host-/,
  ],
  ["a cookie name with a space", { ...https, HALLPASS_COOKIE_NAME: "__Host-a b" }, /COOKIE_NAME has to be a name/],
  ["a cookie for every site", { ...https, HALLPASS_COOKIE_SAME_SITE: "None" }, /has to be Lax or Strict/],
  ["a port too high", { ...https, HALLPASS_LISTEN: "127.0.0.1:70000" }, /port of at most 65535/],
  ["an unknown kind of fact", { ...https, HALLPASS_FACTS_KEPT_OF: "token_refresh=1d" }, /has to be kinds of facts/],
  ["a fact without its time", { ...https, HALLPASS_FACTS_KEPT_OF: "token_refreshed" }, /has to be kinds of facts/],
  ["an end that is never written", { ...https, HALLPASS_FACTS_KEPT_OF: "session_ended=0" }, /0 only for/],
  ["a kind kept longer", { ...https, HALLPASS_FACTS_KEPT_OF: "session_ended=31d" }, /at most HALLPASS_FACTS_KEPT for/],
  ["an audit without what is none", { ...https, HALLPASS_AUDIT_WITHOUT: "refreshes" }, /has to be kinds of facts/],
  ["clients' tokens that live too long", { ...https, HALLPASS_CLIENT_TOKEN_LIFETIME: "2h" }, /has to be at most/],
];
test("several workers are refused with a store that one process writes, and taken with PostgreSQL [NODE-10]", () => {
  const kek = { HALLPASS_KEK_FILE: "k" };
  const problemsOf = (env: Readonly<Record<string, string>>): readonly string[] => {
    const loaded = loadConfig({ env: { ...https, ...kek, ...env } });
    return loaded.ok ? [] : loaded.problems;
  };
  assert.deepEqual(problemsOf({ HALLPASS_WORKERS: "1" }), []);
  assert.match(
    problemsOf({ HALLPASS_WORKERS: "2" }).join(),
    /WORKERS has to be 1 with HALLPASS_STORE=sqlite: .*one writer/,
  );
  const shared = { HALLPASS_STORE: "postgres://a@127.0.0.1/b" };
  assert.deepEqual(problemsOf({ ...shared, HALLPASS_WORKERS: "128" }), []);
  for (const count of ["0", "129", "-1", "2.5", "cores"])
    assert.match(problemsOf({ ...shared, HALLPASS_WORKERS: count }).join(), /has to be a number from 1 to 128/);
});

const tenants = (value: unknown): Readonly<Record<string, string>> => ({
  ...https,
  HALLPASS_TENANTS: JSON.stringify(value),
});
const shop = { issuer: "https://auth.shop.example" };
const wrongTenants: readonly [title: string, env: Readonly<Record<string, string>>, pattern: RegExp][] = [
  ["tenants that are no object", { ...https, HALLPASS_TENANTS: "shop" }, /HALLPASS_TENANTS has to be an object/],
  ["a tenant of the same host", tenants({ shop: { issuer: "https://auth.example" } }), /shop has the host of default/],
  ["two tenants of one host", tenants({ a: shop, b: shop }), /b has the host of a/],
  ["a tenant named default", tenants({ default: shop }), /may not name default/],
  ["a tenant in capitals", tenants({ Shop: shop }), /see Shop: Invalid key/],
  [
    "a tenant's issuer with a path",
    tenants({ shop: { issuer: "https://a.example/x" } }),
    /shop.issuer: has to be an origin/,
  ],
  [
    "a tenant's plain http",
    tenants({ shop: { issuer: "http://a.example" } }),
    /issuer of shop has to begin with https/,
  ],
  ["an unknown member of a tenant", tenants({ shop: { ...shop, kek: "x" } }), /see shop: Unrecognized key/],
];
for (const [title, env, pattern] of wrongTenants) {
  test(`${title} is a problem [TEN-5]`, () => {
    const found = problems(env);
    assert.equal(found.length, 1, found.join("; "));
    assert.match(found[0] ?? "", pattern);
  });
}

for (const [title, env, pattern] of wrong) {
  test(`${title} is a problem with its key's name [GEN-1] [META-3]`, () => {
    const found = problems(env);
    assert.equal(found.length, 1, found.join("; "));
    assert.match(found[0] ?? "", pattern);
  });
}

for (const listen of ["0.0.0.0:8026", "192.0.2.1:8026", "[::]:8026", "auth.example:8026"]) {
  test(`development refuses to listen at ${listen}`, () => {
    assert.match(problems({ HALLPASS_DEVELOPMENT: "true", HALLPASS_LISTEN: listen })[0] ?? "", /beyond loopback/);
  });
}
for (const listen of ["127.0.0.1:0", "[::1]:8026", "localhost:8026"]) {
  test(`development listens at ${listen}`, () => {
    assert.deepEqual(problems({ HALLPASS_DEVELOPMENT: "true", HALLPASS_LISTEN: listen }), []);
  });
}

test("all problems are told at once, and no value of a secret among them [G-18]", () => {
  const found = problems({
    HALLPASS_KEK: "hunter2",
    HALLPASS_STORE: "paper",
    HALLPASS_LOG_LEVEL: "loud",
    HALLPASS_X: "",
  });
  assert.equal(found.length, 4);
  assert.ok(!found.join().includes("hunter2"));
});

test("the environment stands over a file, and a file's unknown keys are problems", () => {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-config-"));
  try {
    const file = join(directory, "hallpass.json");
    writeFileSync(file, JSON.stringify({ issuer: "https://file.example", client_token_lifetime: "5m" }));
    const loaded = loadConfig({ env: https, file });
    assert.ok(loaded.ok);
    assert.equal(loaded.config.issuer, "https://auth.example");
    assert.equal(loaded.config.client_token_lifetime, 300);
    writeFileSync(file, JSON.stringify({ issuers: "x", data: 5 }));
    const bad = loadConfig({ env: https, file });
    assert.deepEqual(bad.ok ? [] : bad.problems, [`${file}: issuers is no key`, `${file}: data has to be text`]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

const documents: readonly [title: string, name: string, text: string, problem: string | undefined][] = [
  [
    "a YAML file is read",
    "h.yaml",
    "issuer: https://auth.example\ntenants:\n  shop: {issuer: https://s.example}\n",
    undefined,
  ],
  ["tenants stand in JSON as an object", "h.json", '{"issuer":"https://a.example","tenants":{}}', undefined],
  [
    "a name that stands twice is a problem",
    "h.yaml",
    "data: a\ndata: b\n",
    "has to be YAML: Map keys must be unique at",
  ],
  ["in JSON, too", "h.json", '{"data":"a","data":"b"}', "has to be JSON: Map keys must be unique at"],
  ["an alias is a problem", "h.yml", "data: &a x\nissuer: *a\n", "may not hold anchors, aliases or tags"],
  ["a tag is a problem", "h.yml", "data: !!binary x\n", "may not hold anchors, aliases or tags"],
  ["YAML under the name of JSON is a problem", "h.json", "data: a\n", "has to be JSON"],
  ["a list is a problem", "h.yaml", "- data\n", "has to be a YAML object"],
];
for (const [title, name, text, problem] of documents) {
  test(`of configuration files: ${title}`, () => {
    const directory = mkdtempSync(join(tmpdir(), "hallpass-config-"));
    try {
      const file = join(directory, name);
      writeFileSync(file, text);
      const loaded = loadConfig({ env: {}, file });
      const found = loaded.ok ? [] : loaded.problems.filter((one) => one.startsWith(file));
      if (problem === undefined) assert.deepEqual(loaded.ok, true, found.join());
      else assert.ok(found[0]?.startsWith(`${file}: ${problem}`), found.join());
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

test("the command line stands over the environment, that over the file, and each says where it was", () => {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-config-"));
  try {
    const file = join(directory, "hallpass.yaml");
    writeFileSync(file, "issuer: https://file.example\nlog_level: warn\ndata: here\n");
    const env = { ...https, HALLPASS_LOG_LEVEL: "error", HALLPASS_STORE: "" };
    const { said } = loadConfig({ env, file, over: { log_level: "debug" } });
    const places = (name: "issuer" | "log_level" | "data" | "store"): readonly string[] =>
      (said.get(name) ?? []).map(({ by, text }) => `${by} ${text}`);
    assert.deepEqual(places("log_level"), ["command line debug", "environment error", "file warn"]);
    assert.deepEqual(places("issuer"), ["environment https://auth.example", "file https://file.example"]);
    assert.deepEqual([places("data"), places("store")], [["file here"], []]);
    const loaded = loadConfig({ env, file, over: { log_level: "debug" } });
    assert.ok(loaded.ok && loaded.config.log_level === "debug");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("what stands when a key is absent is itself a value of the key", () => {
  for (const name of NAMES) {
    const { otherwise, schema } = KEYS[name];
    assert.ok(otherwise === null || schema.safeParse(otherwise).success, envName(name));
  }
});
