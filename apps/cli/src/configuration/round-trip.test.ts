// Configuration as code against real servers: what is exported is what is applied, and an apply that was cut off is continued.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadConfig, startServer } from "@hallpass/server";
import { run } from "../run.ts";

const ISSUER = "http://localhost:8026";

interface Site {
  readonly data: string;
  readonly hallpass: (...words: readonly string[]) => Promise<Answer>;
  /** The same with variables of the environment. */
  readonly hallpassWith: (env: Readonly<Record<string, string>>, ...words: readonly string[]) => Promise<Answer>;
}

interface Answer {
  readonly exit: number;
  readonly out: string;
  readonly said: string;
}

async function aSite(t: TestContext): Promise<Site> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-cac-"));
  const over = { development: "true", data, listen: "127.0.0.1:0", log_level: "silent", issuer: ISSUER };
  const loaded = loadConfig({ env: {}, over });
  assert.ok(loaded.ok);
  const server = await startServer(loaded.config);
  t.after(async () => {
    await server.close();
    rmSync(data, { recursive: true });
  });
  const hallpassWith: Site["hallpassWith"] = async (env, ...words) => {
    const written = { out: "", said: "" };
    const exit = await run(words, {
      out: (text) => void (written.out += text),
      say: (text) => void (written.said += text),
      readInput: async () => "",
      env: { HALLPASS_DATA: data, ...env },
      now: () => Date.now(),
    });
    return { exit, ...written };
  };
  return { data, hallpassWith, hallpass: (...words) => hallpassWith({}, ...words) };
}

function fileIn(site: Site, name: string, content: string | object): string {
  const path = join(site.data, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const RICH = {
  hallpass: 1,
  roles: { desk: "sessions:read", auditor: "audit:read log:read" },
  policies: { consumer: { idle_s: 604_800 } },
  clients: {
    web: {
      name: "Web \u00e9 # : -",
      token_endpoint_auth_method: "none",
      grant_types: ["refresh_token"],
      scope: "read write",
      audiences: ["https://b.example", "https://a.example"],
      policy: "mobile",
      allowed_origins: ["https://app.example"],
    },
    off: { token_endpoint_auth_method: "none", audiences: ["https://a.example"], status: "disabled" },
    bff: {
      token_endpoint_auth_method: "client_secret_post",
      grant_types: ["client_credentials"],
      scope: "sessions:write",
      audiences: [ISSUER],
      roles: ["desk"],
      mandate: { clients: ["web*"], subjects: ["yes", "null", "1", "~", "*"], acr: ["0x1"] },
    },
    preset: {
      token_endpoint_auth_method: "client_secret_basic",
      audiences: ["https://a.example"],
      secret_sha256: "a".repeat(64),
    },
  },
};

for (const kind of ["yaml", "json"]) {
  test(`what is exported as ${kind} and applied to an empty server is exported there the same [CAC-1]`, async (t) => {
    const [first, second] = [await aSite(t), await aSite(t)];
    const made = await first.hallpass("apply", fileIn(first, "rich.json", RICH), "--secrets", first.data);
    assert.equal(made.exit, 0, made.said);
    const json = kind === "json" ? ["--json"] : [];
    const { out } = await first.hallpass("export", ...json);
    const file = fileIn(second, `all.${kind}`, out);
    const applied = await second.hallpass("apply", file, "--prune", "--secrets", second.data);
    assert.equal(applied.exit, 0, applied.said);
    assert.equal((await second.hallpass("export", ...json)).out, out);
    for (const site of [first, second]) {
      const nothing = await site.hallpass("diff", file, "--check", "--prune");
      assert.deepEqual([nothing.exit, nothing.out, nothing.said], [0, "", "no changes\n"]);
    }
    assert.ok(!/hpc_/.test(out), "no secret is exported");
  });
}

test("an exported file gives every new client a secret in a file of its own, for nobody else's eyes [CAC-4]", async (t) => {
  const site = await aSite(t);
  await site.hallpass("apply", fileIn(site, "rich.json", RICH), "--secrets", site.data);
  const path = join(site.data, "bff");
  assert.match(readFileSync(path, "utf8"), /^bff:hpc_[\w-]{40,}\n$/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.throws(() => statSync(join(site.data, "preset")), "who brought a hash has its secret");
});

test("an apply that is refused half-way says exactly what is done, and the next one does the rest [CAC-3]", async (t) => {
  const site = await aSite(t);
  const one = { token_endpoint_auth_method: "none", audiences: ["https://a.example"] };
  const clients = { one, two: { ...one, policy: "none-such" }, three: one };
  const cut = await site.hallpass("apply", fileIn(site, "a.json", { hallpass: 1, clients }));
  assert.equal(cut.exit, 3);
  assert.match(
    cut.said,
    /^done: client one\nstopped at: client two\nnot begun: client three\nerror: .*\(policy_unknown, /,
  );
  const mended = fileIn(site, "b.json", { hallpass: 1, clients: { ...clients, two: one } });
  const rest = await site.hallpass("apply", mended);
  assert.equal(rest.exit, 0, rest.said);
  assert.ok(
    !rest.out.includes("client one") && rest.out.includes("+ client two") && rest.out.includes("+ client three"),
  );
});

test("nothing is deleted without --prune, and with it only in sections that the file has [CAC-5]", async (t) => {
  const site = await aSite(t);
  const clients = { only: { token_endpoint_auth_method: "none", audiences: ["https://a.example"] } };
  const file = fileIn(site, "only.json", { hallpass: 1, clients });
  const kept = await site.hallpass("apply", file);
  assert.match(kept.said, /not in the file, and kept: client demo, client demo-api, client operator/);
  const all = (await site.hallpass("clients", "list")).out;
  assert.ok(all.includes("demo") && all.includes("only"));
  const withOperator = fileIn(site, "two.json", { hallpass: 1, clients: { ...clients, operator: {} } });
  const pruned = await site.hallpass("apply", withOperator, "--prune");
  assert.equal(pruned.exit, 0, pruned.said);
  assert.match(pruned.out, /^- client demo\n {4}ends all that it was given\n- client demo-api\n/);
  const left = (await site.hallpass("export", "--json")).out;
  assert.deepEqual(Object.keys((JSON.parse(left) as { readonly clients: object }).clients), ["only", "operator"]);
  assert.ok(left.includes('"support"'), "roles are no section of the file");
});

test("what the file does not say stays as it is [CAC-2]", async (t) => {
  const site = await aSite(t);
  const whole = { token_endpoint_auth_method: "none", audiences: ["https://a.example"], scope: "read", name: "A" };
  await site.hallpass("apply", fileIn(site, "a.json", { hallpass: 1, clients: { a: whole } }));
  const changed = await site.hallpass("apply", fileIn(site, "b.json", { hallpass: 1, clients: { a: { name: "B" } } }));
  assert.equal(changed.out, "~ client a\n    name: A → B\n");
  const listed = (await site.hallpass("export", "--json")).out;
  const { clients } = JSON.parse(listed) as { readonly clients: Readonly<Record<string, { readonly scope: string }>> };
  assert.equal(clients["a"]?.scope, "read");
});

test("a policy that changes says what it would end if it were brought to those that live [CAC-6]", async (t) => {
  const site = await aSite(t);
  await site.hallpass("sessions", "open", "--subject", "ada", "--client", "demo");
  const file = fileIn(site, "p.json", { hallpass: 1, policies: { consumer: { idle_s: 604_800 } } });
  const seen = await site.hallpass("diff", file);
  assert.match(
    seen.out,
    /^~ policy consumer\n {4}idle_s: 1209600 → 604800\n {4}for new sessions; brought to those that live it would change 1 and end 0\n$/,
  );
});

test("an audience that the file does not list is found before anything is sent [CAC-2]", async (t) => {
  const site = await aSite(t);
  const clients = { a: { token_endpoint_auth_method: "none", audiences: ["https://ordres.example"] } };
  const file = fileIn(site, "a.json", { hallpass: 1, audiences: ["https://orders.example"], clients });
  const refused = await site.hallpass("apply", file);
  assert.deepEqual([refused.exit, refused.out], [2, ""]);
  assert.match(refused.said, /^problem: clients.a.audiences.0 is not among audiences: https:\/\/ordres.example\n/);
});

test("a file gives nobody more than whoever applies it has [MAN-5] [A-09]", async (t) => {
  const site = await aSite(t);
  const ci = {
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["client_credentials"],
    audiences: [ISSUER],
    roles: ["deployer"],
    mandate: { clients: ["*"], audiences: ["*"], subjects: ["*"], policies: ["*"], acr: ["*"], amr: ["*"] },
  };
  await site.hallpass("apply", fileIn(site, "ci.json", { hallpass: 1, clients: { ci } }), "--secrets", site.data);
  const king = { ...ci, roles: ["owner"] };
  const file = fileIn(site, "king.json", { hallpass: 1, clients: { king } });
  const credentials = { HALLPASS_CREDENTIALS_FILE: join(site.data, "ci") };
  const refused = await site.hallpassWith(credentials, "apply", file, "--secrets", site.data);
  assert.equal(refused.exit, 3);
  assert.ok(!(await site.hallpass("clients", "list")).out.includes("king"));
  assert.throws(() => statSync(join(site.data, "king")), "no file is left of a secret that there never was");
});

test("exported sessions are lines of JSON for nobody else's eyes, without what could mint [CAC-7] [L-01]", async (t) => {
  const site = await aSite(t);
  for (const subject of ["ada", "bob"])
    await site.hallpass("sessions", "open", "--subject", subject, "--client", "demo");
  const path = join(site.data, "sessions.jsonl");
  assert.equal((await site.hallpass("export", "--sessions", path)).exit, 0);
  const text = readFileSync(path, "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly subject: string });
  assert.deepEqual(lines.map(({ subject }) => subject).toSorted(), ["ada", "bob"]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.doesNotMatch(text, /seed|hpr_|hps_|eyJ|"mac/);
});

test("the person at the terminal stands in the receipt of what they revoke [ACT-2]", async (t) => {
  const site = await aSite(t);
  const json = (await site.hallpassWith({ HALLPASS_ACTOR: "ada@example.com" }, "revoke", "subject", "u-1", "--json"))
    .out;
  assert.equal((JSON.parse(json) as { readonly actor: string }).actor, "ada@example.com");
  const wrong = await site.hallpassWith({ HALLPASS_ACTOR: "a b" }, "keys", "list");
  assert.deepEqual([wrong.exit, wrong.out], [2, ""]);
});
