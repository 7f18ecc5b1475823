import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialsOf, findToken, soleBearer } from "./request.ts";
import { createTestIssuer } from "./testing/index.ts";

const cookie = { name: "__Host-session", origins: ["https://app.example", "https://app.example:8443"] };
const address = "https://api.example/orders";

function found(init: RequestInit & { readonly headers: [string, string][] }, from?: typeof cookie): string {
  const result = findToken(credentialsOf(new Request(address, init)), from);
  return result.kind === "token" ? result.token : result.code;
}

test("exactly one Authorization header, with exactly one bearer", () => {
  assert.equal(found({ headers: [["authorization", "Bearer abc"]] }), "abc");
  assert.equal(found({ headers: [["authorization", "bearer abc"]] }), "abc");
  assert.equal(found({ headers: [] }), "no_credentials");
  assert.equal(found({ headers: [["authorization", "Basic abc"]] }), "no_credentials");
  for (const value of ["Bearer", "Bearer  abc", "Bearer a b", "Bearer a,Bearer b", ""]) {
    assert.equal(found({ headers: [["authorization", value]] }), "malformed_request", value);
  }
  const twice: [string, string][] = [
    ["authorization", "Bearer a"],
    ["authorization", "Bearer b"],
  ];
  assert.equal(found({ headers: twice }), "malformed_request");
  const two = { ...credentialsOf(new Request(address)), authorization: ["Bearer a", "Bearer a"] };
  assert.deepEqual(findToken(two, undefined), { kind: "refused", code: "malformed_request" });
});

test("what is looked up as it came follows exactly one scheme, and no other of its length", () => {
  const sole = (...authorization: readonly string[]): string | undefined =>
    soleBearer({ ...credentialsOf(new Request(address)), authorization });
  assert.deepEqual([sole("Bearer abc"), sole("Bearer ")], ["abc", ""]);
  for (const value of ["Digest abc", "bearer abc", "Bearerabcd", "abc Bearer ", "", "Bearer"])
    assert.equal(sole(value), undefined, value);
  assert.deepEqual([sole(), sole("Bearer abc", "Bearer abc")], [undefined, undefined]);
});

test("a token that is remembered opens no spelling of its header that is refused without it", async () => {
  const issuer = await createTestIssuer({ issuer: "https://auth.example", audience: "https://api.example" });
  const token = await issuer.token();
  const answer = async (...authorization: readonly string[]): Promise<string> => {
    const credentials = { ...credentialsOf(new Request(address)), authorization };
    const verdict = await issuer.verifier.verifyCredentials(credentials);
    return verdict.kind === "accepted" ? "accepted" : verdict.code;
  };
  assert.equal(await answer(`Bearer ${token}`), "accepted");
  assert.equal(await answer(`Bearer ${token}`), "accepted");
  assert.equal(await answer(`bearer ${token}`), "accepted");
  for (const value of [`Bearer  ${token}`, `Bearer ${token} `, `Bearer ${token},Bearer ${token}`, `Bearer${token}`])
    assert.ok(["malformed_request", "no_credentials"].includes(await answer(value)), value);
  assert.equal(await answer(`Bearer ${token}`, `Bearer ${token}`), "malformed_request");
  for (const scheme of ["Basic", "Digest"]) assert.equal(await answer(`${scheme} ${token}`), "no_credentials");
  assert.equal(await answer(token), "malformed_request");
  await issuer.revoke(token);
  assert.equal(await answer(`Bearer ${token}`), "revoked");
  issuer.close();
});

test("a token in the address or the body is no credential [L-03] [S-18]", () => {
  const request = new Request(`${address}?access_token=abc`, {
    method: "POST",
    body: new URLSearchParams({ access_token: "abc" }),
  });
  assert.deepEqual(findToken(credentialsOf(request), cookie), { kind: "refused", code: "no_credentials" });
});

test("only the cookie of exactly our name is read, and two of them are none [C-02]", () => {
  const at = (value: string): string => found({ headers: [["cookie", value]] }, cookie);
  assert.equal(at("__Host-session=abc"), "abc");
  assert.equal(at("a=1; __Host-session=abc; b=2"), "abc");
  for (const value of [
    "session=abc",
    "__host-session=abc",
    "__Host-session2=abc",
    "x__Host-session=abc",
    "__Host-session=",
  ]) {
    assert.equal(at(value), "no_credentials", value);
  }
  assert.equal(at("__Host-session=abc; __Host-session=abc"), "malformed_request");
  assert.equal(
    found({ headers: [["cookie", "__Host-session=abc"]] }),
    "no_credentials",
    "cookies are read only when asked to",
  );
});

test("two hundred cookies beside ours change nothing, and where they have driven it out nobody is let in as somebody else [C-06]", () => {
  const at = (value: string): string => found({ headers: [["cookie", value]] }, cookie);
  const others = Array.from({ length: 200 }, (_, index) => `session-${index}=${"x".repeat(40)}`).join("; ");
  assert.equal(at(`${others}; __Host-session=abc`), "abc");
  assert.equal(at(`__Host-session=abc; ${others}`), "abc");
  assert.equal(at(others), "no_credentials");
  assert.equal(at(`${others}; __Secure-session=abc; __Host-session =abc`), "no_credentials");
});

test("an unsafe method needs a page of ours, a safe one does not [C-07]", () => {
  const by = (method: string, headers: [string, string][]): string =>
    found({ method, headers: [["cookie", "__Host-session=abc"], ...headers] }, cookie);
  for (const method of ["GET", "HEAD", "OPTIONS"]) assert.equal(by(method, []), "abc");
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "MERGE"]) {
    assert.equal(by(method, []), "cross_site_request");
    assert.equal(by(method, [["origin", "https://app.example"]]), "abc");
    assert.equal(by(method, [["sec-fetch-site", "same-origin"]]), "abc");
    for (const site of ["same-site", "cross-site", "none", "Same-Origin"]) {
      assert.equal(by(method, [["sec-fetch-site", site]]), "cross_site_request");
    }
  }
});

test("a foreign page opens no WebSocket with our cookie [C-07]", () => {
  const upgrade = {
    ...credentialsOf(new Request(address, { headers: { cookie: "__Host-session=abc" } })),
    upgrade: true,
  };
  assert.deepEqual(findToken(upgrade, cookie), { kind: "refused", code: "cross_site_request" });
  assert.deepEqual(findToken({ ...upgrade, origin: "https://app.example" }, cookie), { kind: "token", token: "abc" });
});

test("an origin is equal in scheme, host and port, or foreign [C-12]", () => {
  const from = (origin: string): string =>
    found(
      {
        method: "POST",
        headers: [
          ["cookie", "__Host-session=abc"],
          ["origin", origin],
          ["sec-fetch-site", "same-origin"],
        ],
      },
      cookie,
    );
  assert.equal(from("https://app.example"), "abc");
  assert.equal(from("https://app.example:8443"), "abc");
  const foreign = [
    "http://app.example",
    "https://app.example:443",
    "https://app.example:444",
    "https://app.example.evil",
    "https://evilapp.example",
    "https://APP.example",
    "https://app.example/",
    "null",
    "",
    "https://app.example, https://evil.example",
  ];
  for (const origin of foreign) assert.equal(from(origin), "cross_site_request", origin);
});

test("a header decides over the cookie, so that nothing ambient is mixed in", () => {
  const headers: [string, string][] = [
    ["cookie", "__Host-session=abc"],
    ["authorization", "Bearer def"],
  ];
  assert.equal(found({ method: "POST", headers }, cookie), "def");
});
