// Traces of a whole server with an SDK of OpenTelemetry installed before it starts, as `--import` does. Spans are looked through for
// everything that must not stand in them.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Context, type ContextManager, context, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { sessionRef } from "../observe/session-ref.ts";
import { type Journey, journey } from "../testing/journey.ts";

const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const kept = new AsyncLocalStorage<Context>();
const manager: ContextManager = {
  active: () => kept.getStore() ?? ROOT_CONTEXT,
  with: (given, work, self, ...args) => kept.run(given, () => Reflect.apply(work, self, args)),
  bind: (_, target) => target,
  enable: () => manager,
  disable: () => manager,
};
context.setGlobalContextManager(manager);
after(() => {
  trace.disable();
  propagation.disable();
  context.disable();
});

const spanOf = (name: string): ReadableSpan | undefined =>
  exporter.getFinishedSpans().findLast((span) => span.name === name);

/** All that a span says, as text. */
const textOf = (spans: readonly ReadableSpan[]): string =>
  JSON.stringify(
    spans.map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
  );

async function travelled(t: { after(end: () => Promise<void>): void }): Promise<Journey> {
  exporter.reset();
  const one = await journey();
  t.after(() => one.end());
  return one;
}

test("issue, refresh and revoke are spans that share the session's reference, which stands in the log, too [TRC-1] [TRC-3]", async (t) => {
  const one = await travelled(t);
  const { sid, refresh } = await one.signIn("ada");
  assert.equal((await one.refresh(refresh)).status, 200);
  const refreshed = spanOf("POST /oauth2/token");
  await one.operate({ path: "/v1/revocations", json: { targets: [{ type: "session", sid }] } });
  const ref = sessionRef(sid);
  const opened = spanOf("POST /v1/sessions");
  assert.equal(opened?.attributes["hallpass.session_ref"], ref);
  assert.equal(opened.attributes["hallpass.operation"], "openSession");
  assert.deepEqual(
    opened.events.map(({ name }) => name),
    ["session_opened"],
  );
  assert.equal(refreshed?.attributes["hallpass.verdict"], "rotated");
  assert.equal(refreshed.attributes["hallpass.session_ref"], ref);
  assert.equal(spanOf("POST /v1/revocations")?.attributes["hallpass.session_ref"], ref);
  assert.ok(one.lines.some((line) => line.includes(`"session_ref":"${ref}"`)));
  assert.equal(refreshed.attributes["http.response.status_code"], 200);
});

test("a request is a child of the span that its traceparent names, and of none for one that is malformed [TRC-2]", async (t) => {
  const one = await travelled(t);
  const id = "0af7651916cd43dd8448eb211c80319c";
  await one.send({ path: "/.well-known/jwks.json", headers: { traceparent: `00-${id}-b7ad6b7169203331-01` } });
  assert.equal(spanOf("GET /.well-known/jwks.json")?.spanContext().traceId, id);
  assert.equal(spanOf("GET /.well-known/jwks.json")?.parentSpanContext?.spanId, "b7ad6b7169203331");
  for (const traceparent of ["00-xyz", `00-${"0".repeat(32)}-b7ad6b7169203331-01`, '"}\u0020inject']) {
    exporter.reset();
    const answer = await one.send({ path: "/.well-known/jwks.json", headers: { traceparent } });
    assert.equal(answer.status, 200);
    assert.equal(spanOf("GET /.well-known/jwks.json")?.parentSpanContext, undefined);
  }
});

test("no secret, no subject, no session's id and nothing that a caller wrote stands in any span [TRC-3]", async (t) => {
  const one = await travelled(t);
  const { sid, access, refresh } = await one.signIn("canary-subject");
  const second = await one.refresh(refresh);
  await one.refresh(refresh);
  await one.refresh(`${refresh.slice(0, -1)}A`);
  await one.send({ path: `/v1/keys?token=${access}`, headers: { authorization: `Bearer ${access}` } });
  await one.send({
    path: `/canary-path/${sid}`,
    headers: { "user-agent": "canary-agent", tracestate: "a=canary-state" },
  });
  await one.operate({ path: `/v1/sessions/${sid}` });
  await one.operate({ path: "/v1/sessions/search", json: { subject: "canary-subject" } });
  await one.operate({
    path: "/v1/revocations",
    json: { targets: [{ type: "session", sid }], reason: "canary-reason" },
  });
  const operator = readFileSync(join(one.data, "operator-credentials"), "utf8").trim().split(":")[1] ?? "";
  const spans = exporter.getFinishedSpans();
  assert.ok(spans.length >= 10);
  const secrets = [access, refresh, String(second.json["refresh_token"]), operator].map((text) => text.slice(-40, -8));
  const names = ["canary-subject", "canary-path", "canary-agent", "canary-state", "canary-reason", sid];
  const found = (text: string): readonly string[] =>
    [...secrets, ...names].filter((each) => each.length < 6 || text.includes(each));
  assert.deepEqual(found(textOf(spans)), []);
  // The search finds what is there: a leak that is planted.
  trace
    .getTracer("test")
    .startSpan("leak", { attributes: { token: access } })
    .end();
  assert.deepEqual(found(textOf(exporter.getFinishedSpans())), [secrets[0]]);
});

test("a fault is a span with an error, and says nothing of its cause", async (t) => {
  exporter.reset();
  const cause = "canary-cause";
  let broken = false;
  const one = await journey({
    wrapStore: (store) => ({
      ...store,
      read: (keys) => (broken ? Promise.reject(new Error(cause)) : store.read(keys)),
    }),
  });
  t.after(() => one.end());
  broken = true;
  const answer = await one.refresh("hpr_x");
  broken = false;
  assert.ok(answer.status >= 400);
  assert.ok(!textOf(exporter.getFinishedSpans()).includes(cause));
});
