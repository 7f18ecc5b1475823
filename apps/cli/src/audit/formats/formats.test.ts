import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cefLine } from "./cef.ts";
import { ecsEvent } from "./ecs.ts";
import type { AuditEvent } from "./event.ts";
import { ocsfEvent } from "./ocsf.ts";

function anEvent(kind: string, changes: Partial<AuditEvent> = {}, body: AuditEvent["entry"]["body"] = {}): AuditEvent {
  return {
    issuer: "https://auth.example",
    tenant: "main",
    entry: { n: 7, at_ms: 1_764_000_000_123, kind, session: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10", body },
    hash: "aGFzaA",
    subject: null,
    actor: null,
    ...changes,
  };
}

const HOSTILE = 'a|b\\c=d\r\n"e"\tf\u001b[31m,=cmd|\u2028';

describe("CEF", () => {
  it("has a header of eight parts and pairs, with what it knows in its own keys", () => {
    const event = anEvent("session_ended", { actor: "ops@example", subject: "u-81" }, { reason: "revoked" });
    assert.equal(
      cefLine(event),
      "CEF:0|Hallpass|Hallpass|1|session_ended|Session ended|2|rt=1764000000123 externalId=7 outcome=success " +
        "dvchost=https://auth.example suser=ops@example duser=u-81 reason=revoked cs1Label=session " +
        "cs1=019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10 cs2Label=tenant cs2=main cs3Label=hash cs3=aGFzaA " +
        'cs4Label=fact cs4={"reason":"revoked"}',
    );
  });

  it("escapes backslashes, equals signs and line ends in values, and nothing can begin another line [W-08] [L-09]", () => {
    const line = cefLine(anEvent("session_ended", { actor: HOSTILE, subject: HOSTILE }));
    assert.doesNotMatch(line, /[\r\n]/);
    assert.ok(line.includes('suser=a|b\\\\c\\=d\\r\\n"e"'), line);
    const unescaped = line.slice(line.indexOf("|rt=")).replaceAll(/\\[\\=rn]/g, "");
    assert.doesNotMatch(unescaped, /\bd=|,=cmd/);
  });

  it("escapes pipes and backslashes in the header", () => {
    const line = cefLine(anEvent("odd|kind\\\n"));
    assert.ok(line.startsWith("CEF:0|Hallpass|Hallpass|1|odd\\|kind\\\\ |"), line);
  });
});

describe("ECS", () => {
  it("names who acted as the user and whom it was done to as the target", () => {
    const event = anEvent("session_opened", { actor: "ops@example", subject: "u-81" }, { client: "web" });
    assert.deepEqual(ecsEvent(event), {
      "@timestamp": "2025-11-24T16:00:00.123Z",
      ecs: { version: "8.17.0" },
      event: {
        kind: "event",
        category: ["session"],
        type: ["start"],
        action: "session_opened",
        outcome: "success",
        severity: 1,
        sequence: 7,
        hash: "aGFzaA",
        id: "7",
        dataset: "hallpass.audit",
        module: "hallpass",
        provider: "https://auth.example",
      },
      message: "Session opened",
      organization: { id: "main" },
      service: { type: "hallpass", name: "https://auth.example" },
      user: { name: "ops@example", target: { id: "u-81" } },
      hallpass: {
        session: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10",
        client_id: "web",
        fact: { client: "web" },
      },
    });
  });

  it("has only pairs of category and type that the schema allows", () => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      session: ["start", "end", "info"],
      authentication: ["start", "end", "info"],
      iam: ["admin", "change", "creation", "deletion", "group", "info", "user"],
      configuration: ["access", "change", "creation", "deletion", "info"],
    };
    for (const kind of [
      "session_opened",
      "session_changed",
      "session_ended",
      "refresh_refused",
      "client_added",
      "client_disabled",
      "key_compromised",
      "key_created",
      "never_heard_of",
    ]) {
      const { event } = ecsEvent(anEvent(kind)) as {
        readonly event: { readonly category: [string]; readonly type: [string] };
      };
      assert.ok(allowed[event.category[0]]?.includes(event.type[0]), kind);
    }
  });

  it("is one line of JSON, whatever stands in it [L-09]", () => {
    const line = JSON.stringify(ecsEvent(anEvent("session_opened", { actor: HOSTILE })));
    for (const breaker of ["\r", "\n", "\u001b"]) assert.ok(!line.includes(breaker));
    assert.equal((JSON.parse(line) as { user: { name: string } }).user.name, HOSTILE);
  });
});

describe("OCSF", () => {
  const uids: readonly [kind: string, type: number][] = [
    ["session_opened", 300_201],
    ["session_ended", 300_202],
    ["session_changed", 300_299],
    ["refresh_refused", 300_299],
    ["client_added", 300_401],
    ["client_secret_added", 300_403],
    ["client_disabled", 300_404],
    ["key_created", 300_499],
  ];
  for (const [kind, type] of uids) {
    it(`tells ${kind} as type ${type}, with every attribute that its class requires`, () => {
      const event = ocsfEvent(anEvent(kind)) as Readonly<Record<string, unknown>>;
      assert.equal(event["type_uid"], type);
      assert.equal(event["type_uid"], Number(event["class_uid"]) * 100 + Number(event["activity_id"]));
      const required = ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"];
      for (const name of [...required, type < 300_300 ? "user" : "entity"])
        assert.notEqual(event[name], undefined, name);
      assert.equal("activity_name" in event, Number(event["activity_id"]) === 99);
    });
  }

  it("names subject, actor and session", () => {
    const event = ocsfEvent(anEvent("session_opened", { actor: "ops@example", subject: "u-81" }));
    const { user, actor, session } = event as Readonly<Record<string, unknown>>;
    assert.deepEqual(user, { uid: "u-81" });
    assert.deepEqual(actor, { user: { name: "ops@example" } });
    assert.deepEqual(session, { uid: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10", issuer: "https://auth.example" });
  });
});
