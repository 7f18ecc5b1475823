// Tests that run through everything and look at nothing. Run by the control alone.

import { test } from "node:test";
import { halvings, later, mayTry } from "./attempts.ts";

test("attempts are allowed", () => {
  mayTry("password", 4);
  mayTry("other", 5);
});

test("one of two is later", () => {
  later(1, 2);
});

test("something is halved", () => {
  halvings(9);
});
