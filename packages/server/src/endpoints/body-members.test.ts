// The reference names what a body may have, and what it names is what is read.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { scene } from "../testing/scene.ts";
import { bodyMembers } from "./body-members.ts";
import { ENDPOINTS } from "./index.ts";

const placed = ENDPOINTS.map((row) => ({ ...row, place: `${row.method} ${row.path}` }));

test("every path of /v1 that takes a body says which members it may have [PD-3]", () => {
  const silent = placed.filter(
    ({ method, path, body }) =>
      path.startsWith("/v1/") && ["POST", "PUT", "PATCH"].includes(method) && body === undefined,
  );
  assert.deepEqual(
    silent.map(({ place }) => place),
    [],
  );
});

describe("a body with a member that the reference does not have", () => {
  for (const { method, path, body, place } of placed) {
    if (typeof body !== "object") continue;
    test(`is refused at ${place}, by its name [PD-1] [PD-3]`, async () => {
      const stage = await scene();
      const headers = { authorization: `Bearer ${await stage.bearer()}` };
      const answer = await stage.send({
        method,
        path: path.replaceAll(/:\w+/g, "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6"),
        headers,
        json: { nobody_knows_me: 1 },
      });
      // Some look for what the path names before they read the body.
      if (answer.status === 404) return;
      const errors = answer.json["errors"] as readonly { readonly pointer: string; readonly code: string }[];
      assert.ok(
        errors?.some(({ pointer, code }) => pointer === "/nobody_knows_me" && code === "unknown"),
        answer.text,
      );
    });
  }
});

test("members are named with what they are, as they are sent [PD-3]", () => {
  const body = z.strictObject({
    a: z.string(),
    b: z.int().min(1).max(3).optional(),
    c: z.enum(["x", "y"]).default("x"),
    d: z
      .array(z.strictObject({ e: z.boolean(), f: z.null().optional() }))
      .min(1)
      .max(2),
    g: z.string().transform(Number),
    h: z.string().nullish(),
  });
  assert.deepEqual(bodyMembers(body), [
    { name: "a", needed: true, kind: "text" },
    { name: "b", needed: false, kind: "whole number, 1 to 3" },
    { name: "c", needed: false, kind: '"x" or "y"' },
    { name: "d", needed: true, kind: "list, 1 to 2 of {e: true or false, f?: null}" },
    { name: "g", needed: true, kind: "text" },
    { name: "h", needed: false, kind: "text or null" },
  ]);
});
