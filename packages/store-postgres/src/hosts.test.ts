import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesOf } from "./hosts.ts";

test("an address with one host is that address", () => {
  for (const url of [
    "postgres://u:p@db:5432/hallpass",
    "postgresql://db/h",
    "postgres://u@[::1]:5432/h?sslmode=require",
  ])
    assert.deepEqual(addressesOf(url), [url]);
});

test("each host of several gets an address with the user, the database and the rest", () => {
  assert.deepEqual(addressesOf("postgres://u:p%40x@a:5432,b,[::1]:6000/h?sslmode=require"), [
    "postgres://u:p%40x@a:5432/h?sslmode=require",
    "postgres://u:p%40x@b/h?sslmode=require",
    "postgres://u:p%40x@[::1]:6000/h?sslmode=require",
  ]);
});

test("target_session_attrs may ask for what is done anyway, and for nothing else", () => {
  for (const wanted of ["read-write", "primary"])
    assert.deepEqual(addressesOf(`postgres://a,b/h?target_session_attrs=${wanted}&sslmode=disable`), [
      "postgres://a/h?sslmode=disable",
      "postgres://b/h?sslmode=disable",
    ]);
  for (const wanted of ["any", "standby", "prefer-standby", "read-only", ""])
    assert.throws(() => addressesOf(`postgres://a,b/h?target_session_attrs=${wanted}`), RangeError, wanted);
});

test("what names no database, an empty host, a malformed one or too many is refused, and nothing of it is shown", () => {
  const many = Array.from({ length: 17 }, (_, n) => `h${n}`).join(",");
  for (const url of [
    "",
    "mysql://u:hunter2@a/h",
    "postgres://u:hunter2@a",
    "postgres://u:hunter2@a/",
    "postgres://u:hunter2@a,/h",
    "postgres://u:hunter2@,a/h",
    "postgres://u:hunter2@a:5432:1,b/h",
    "postgres://u:hunter2@a:99999,b/h",
    `postgres://u:hunter2@${many}/h`,
  ])
    assert.throws(
      () => addressesOf(url),
      (error: Error) => error instanceof RangeError && !error.message.includes("hunter2"),
      url,
    );
});
