import assert from "node:assert/strict";
import { test } from "node:test";
import { FAULT_TITLES, WIRE_ERRORS } from "./wire-errors.ts";

test("every wording fits into an error_description, and no two refusals share one [GEN-5]", () => {
  const titles = [...Object.values(WIRE_ERRORS).map(({ title }) => title), ...Object.values(FAULT_TITLES)];
  for (const title of titles) assert.match(title, /^[\x20-\x21\x23-\x5b\x5d-\x7e]{10,120}$/);
  assert.equal(new Set(titles).size, titles.length);
});

test("a refusal is never a success and never a fault", () => {
  for (const { status } of Object.values(WIRE_ERRORS)) assert.ok(status >= 400 && status < 500);
});
