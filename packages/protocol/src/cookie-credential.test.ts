import assert from "node:assert/strict";
import { test } from "node:test";
import { cookieValues, isOwnPage, isSafeMethod } from "./cookie-credential.ts";

const NAME = "__Host-hallpass";
const valuesIn = (...headers: readonly string[]): readonly string[] => cookieValues(headers, NAME);

test("a name behind another blank than space and tab is another cookie: a neighbour's page may set that one [NB-19] [C-02]", () => {
  for (const blank of ["\u00a0", "\u0085", "\u000b", "\u000c", "\ufeff", "\u2000", "\u3000", "\u001f", "\u0000"]) {
    assert.deepEqual(valuesIn(`${blank}${NAME}=theirs`), [], JSON.stringify(blank));
    assert.deepEqual(valuesIn(`${NAME}=ours; ${blank}${NAME}=theirs`), ["ours"]);
    assert.deepEqual(valuesIn(`a=b;${blank} ${NAME}=theirs`), []);
    assert.deepEqual(valuesIn(`${NAME}=ours${blank}`), [`ours${blank}`], "no second spelling of a value either");
  }
  assert.deepEqual(valuesIn(` \t${NAME}=ours \t`), ["ours"]);
});

test("a name in other letters, with a longer beginning or end, or with a blank before its equals sign is another cookie [NB-20] [C-06]", () => {
  const others = ["__host-hallpass", "__Host-Hallpass", "__Host-hallpass2", "x__Host-hallpass", "__Secure-hallpass"];
  for (const name of [...others, `${NAME} `, `"${NAME}"`, `$${NAME}`]) assert.deepEqual(valuesIn(`${name}=theirs`), []);
  assert.deepEqual(valuesIn(`a="; ${NAME}=quoted"`), ['quoted"'], "quotes hold nothing together in a cookie");
  assert.deepEqual(
    valuesIn(`${NAME}=one`, `${NAME}=two`),
    ["one", "two"],
    "two are seen as two, on one line or on two",
  );
  assert.deepEqual(valuesIn(`${NAME}=one, ${NAME}=two`), [`one, ${NAME}=two`], "a comma separates no cookies");
});

test("a line of blanks costs what it is long [NB-21]", () => {
  const started = performance.now();
  for (let time = 0; time < 50; time += 1) valuesIn(`a=${" ".repeat(16_000)}x${"\t".repeat(16_000)}y`);
  const each = (performance.now() - started) / 50;
  // A search that began anew at each blank would take some 100 ms for this line, and this one takes 0.05.
  assert.ok(each < 20, `${each} ms`);
});

test("a page is ours by its origin as it is written; without one, only when the browser says that it is the same", () => {
  const origins = ["https://app.example", "https://app.example:8443"];
  const isOurs = (origin: string | null, fetchSite: string | null) => isOwnPage({ origin, fetchSite }, origins);
  assert.equal(isOurs("https://app.example", null), true);
  assert.equal(isOurs("https://app.example:8443", "cross-site"), true);
  for (const origin of ["https://app.example:443", "https://APP.example", "http://app.example", "null", ""])
    assert.equal(isOurs(origin, "same-origin"), false, origin);
  assert.equal(isOurs(null, "same-origin"), true);
  for (const site of ["same-site", "cross-site", "none", "", null])
    assert.equal(isOurs(null, site), false, String(site));
});

test("GET, HEAD and OPTIONS change nothing; every other method may, in any other spelling too", () => {
  assert.deepEqual(["GET", "HEAD", "OPTIONS"].map(isSafeMethod), [true, true, true]);
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "get", "Head", "TRACE", ""])
    assert.equal(isSafeMethod(method), false, method);
});
