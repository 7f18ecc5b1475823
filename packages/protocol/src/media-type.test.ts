import assert from "node:assert/strict";
import { test } from "node:test";
import { isMediaType } from "./media-type.ts";

const FORM = "application/x-www-form-urlencoded";

test("the expected type is taken in any case, bare or with charset UTF-8", () => {
  for (const value of [
    FORM,
    FORM.toUpperCase(),
    `${FORM};charset=utf-8`,
    `${FORM}; charset=UTF-8`,
    `${FORM} ;\tCharset="Utf-8" `,
  ]) {
    assert.equal(isMediaType(value, FORM), true, value);
  }
});

test("no header, another type, another parameter and a second value are refused", () => {
  for (const value of [
    null,
    "",
    "application/json",
    "text/plain",
    `${FORM}x`,
    `x${FORM}`,
    ` ${FORM}`,
    `${FORM};`,
    `${FORM}; charset=utf8`,
    `${FORM}; charset=iso-8859-1`,
    `${FORM}; charset="utf-8`,
    `${FORM}; charset='utf-8'`,
    `${FORM}; charset =utf-8`,
    `${FORM}; charset=utf-8; charset=utf-8`,
    `${FORM}; charset=utf-8; boundary=x`,
    `${FORM}; version=1`,
    `${FORM}, application/json`,
    `${FORM}\n`,
    `${FORM}\u00a0`,
  ]) {
    assert.equal(isMediaType(value, FORM), false, String(value));
  }
});

test("a value is read up to 128 characters", () => {
  const padded = (length: number) => isMediaType(FORM.padEnd(length), FORM);
  assert.deepEqual([padded(127), padded(128), padded(129)], [true, true, false]);
});
