// Every member of every JSON body, with values that break parsers, databases and terminals: a refusal with a code, and nothing written;
// or it is what the member may be.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "@hallpass/core";
import { z } from "zod";
import { type Scene, scene } from "../testing/scene.ts";
import { WHOLE_TARGETS, type WholeBody, wholeBodies } from "../testing/whole-bodies.ts";
import { WIRE_ERRORS } from "../wire-errors.ts";
import { ENDPOINTS } from "./index.ts";

type Path = readonly (string | number)[];

/** As they stand in the body. Nothing takes them, but where it says so. */
const NEVER = [
  String.raw`"\ud800"`,
  String.raw`"\udc00a"`,
  '{"__proto__":1}',
  '{"a":1,"a":2}',
  "9007199254740993",
  "1e400",
  `${"[".repeat(20)}${"]".repeat(20)}`,
  "NaN",
  `"${"a".repeat(9000)}"`,
];
/** Texts that may stand in claims, which are the app's own, and in what is looked up and not found. */
const CONTROLS = [String.raw`"\u0000"`, String.raw`"a\u0000b"`, String.raw`"a\r\nb"`, String.raw`"\u0085"`];
const TAKES_ANY_TEXT = new Set([
  "POST /v1/sessions claims.a",
  "PATCH /v1/sessions/:id claims.a",
  "POST /v1/introspections tokens.0",
]);

interface Probed {
  readonly stage: Scene;
  readonly authorization: string;
  readonly bodies: Readonly<Record<string, WholeBody>>;
  readonly writes: () => number;
}

async function probed(): Promise<Probed> {
  let written = 0;
  const counting = (store: Store): Store => ({
    ...store,
    commit: async (changes) => {
      // Refused calls are noted in their own time.
      if (changes.some(({ rows, notices }) => rows.length + notices.length > 0)) written += 1;
      return store.commit(changes);
    },
  });
  const stage = await scene({ wrapStore: counting });
  const authorization = `Bearer ${await stage.bearer()}`;
  const headers = { authorization };
  const { sid } = await stage.open();
  const keys = (await stage.send({ path: "/v1/keys", headers })).json["keys"] as readonly { readonly kid: string }[];
  const found = await stage.send({ path: "/v1/subjects/search", headers, json: { subject: "u-1" } });
  const bodies = wholeBodies({ sid, kid: keys[0]?.kid ?? "", ref: String(found.json["ref"]) });
  return { stage, authorization, bodies, writes: () => written };
}

function* placesIn(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [name, item] of Object.entries(value))
    yield* placesIn(item, [...path, Array.isArray(value) ? Number(name) : name]);
}

function withRaw(value: unknown, [first, ...rest]: Path, raw: string): string {
  if (first === undefined) return raw;
  const entries = Object.entries(value as Readonly<Record<string, unknown>>).map(([name, item]): [string, string] => [
    name,
    name === String(first) ? withRaw(item, rest, raw) : JSON.stringify(item),
  ]);
  return Array.isArray(value)
    ? `[${entries.map(([, text]) => text).join()}]`
    : `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`;
}

/** The members that are needed, and the one that is tried. */
function around({ json, needs = [] }: WholeBody, [member]: Path): unknown {
  if (member === undefined) return json;
  return Object.fromEntries([...needs, String(member)].map((name) => [name, json[name]]));
}

async function refuses(probe: Probed, place: string, body: unknown, path: Path, raw: string): Promise<void> {
  const { stage, authorization, bodies, writes } = probe;
  const before = writes();
  const told = `${place} ${path.join(".")} = ${raw.slice(0, 40)}`;
  const answer = await stage.send({
    method: place.split(" ")[0] ?? "",
    path: bodies[place]?.path ?? "",
    headers: { authorization, "content-type": "application/json" },
    body: withRaw(body, path, raw),
  });
  assert.ok(answer.status >= 400 && answer.status < 500, `${told}: ${answer.status}`);
  assert.ok(Object.hasOwn(WIRE_ERRORS, String(answer.json["code"])), `${told}: ${answer.text}`);
  assert.equal(writes(), before, `${told} was written`);
}

test("every endpoint that takes a body has its whole body here, with every member that it may have", async () => {
  const { bodies } = await probed();
  for (const { method, path, body } of ENDPOINTS) {
    if (!(body instanceof z.ZodObject)) continue;
    const members = Object.keys(body.shape);
    assert.deepEqual(Object.keys(bodies[`${method} ${path}`]?.json ?? {}).toSorted(), members.toSorted(), path);
  }
});

test("no member of any body takes a lone surrogate, a second name, a prototype or a number of two readings [E-06] [J-40] [J-42] [P-04]", async () => {
  const probe = await probed();
  for (const [place, whole] of Object.entries(probe.bodies)) {
    for (const path of placesIn(whole.json)) {
      const body = around(whole, path);
      // Of the shapes only those that no member has.
      for (const raw of NEVER) await refuses(probe, place, body, path, raw);
    }
  }
  assert.equal("polluted" in {}, false);
});

test("no member that is kept or looked up by takes control characters: no log, no terminal and no database reads them apart [L-09] [E-06]", async () => {
  const probe = await probed();
  for (const [place, whole] of Object.entries(probe.bodies)) {
    for (const path of placesIn(whole.json)) {
      if (TAKES_ANY_TEXT.has(`${place} ${path.join(".")}`)) continue;
      const body = around(whole, path);
      for (const raw of CONTROLS) await refuses(probe, place, body, path, raw);
    }
  }
});

test("no target of a revocation takes any of it either [E-06] [L-09]", async () => {
  const probe = await probed();
  for (const target of WHOLE_TARGETS) {
    for (const path of placesIn(target)) {
      for (const raw of [...NEVER, ...CONTROLS])
        await refuses(probe, "POST /v1/revocations", { targets: [target] }, ["targets", 0, ...path], raw);
    }
  }
});
