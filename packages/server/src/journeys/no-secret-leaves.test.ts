// Every token, secret and password of a full journey is looked for wherever it must not be: logs, metrics, errors, the data directory.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { journey } from "../testing/journey.ts";
import { basicHeader, type Received } from "../testing/scene.ts";

/** Files that are there to hold a secret; each is of mode 0600. */
const KEEPERS = new Set(["operator-credentials", "demo-api-credentials", "key-encryption-key"]);

test("no secret of a full journey rests in the data directory, or stands in a log, a metric or an error [TOK-15] [L-01] [L-06]", async (t) => {
  const travelling = await journey();
  t.after(() => travelling.end());
  const { operate, send, signIn, refresh, data, lines } = travelling;
  const secrets = new Set<string>();
  const errors: string[] = [];
  const noted = (answer: Received): Received => {
    for (const name of ["access_token", "refresh_token", "client_secret"]) {
      const value = answer.json[name];
      if (typeof value === "string") secrets.add(value);
    }
    if (answer.status >= 400) errors.push(answer.text + JSON.stringify([...answer.headers]));
    return answer;
  };
  for (const file of ["operator-credentials", "demo-api-credentials"])
    secrets.add(readFileSync(join(data, file), "utf8").trim().split(":")[1] ?? "");

  const client = noted(
    await operate({
      path: "/v1/clients",
      json: {
        client_id: "machine",
        token_endpoint_auth_method: "client_secret_basic",
        grant_types: ["client_credentials"],
        scope: "a",
        audiences: "https://api.example",
      },
    }),
  );
  const machine = basicHeader(`machine:${String(client.json["client_secret"])}`);
  noted(await send({ path: "/oauth2/token", headers: machine, form: { grant_type: "client_credentials" } }));
  noted(
    await send({ path: "/oauth2/token", headers: machine, form: { grant_type: "client_credentials", scope: "b" } }),
  );

  const { sid, access, refresh: first } = await signIn();
  secrets.add(access).add(first);
  const second = noted(await refresh(first));
  noted(await refresh(first));
  noted(await refresh(String(second.json["refresh_token"])));
  noted(await refresh(`${first.slice(0, -1)}A`));
  noted(await send({ path: "/v1/keys", headers: { authorization: `Bearer ${access}` } }));
  noted(
    await send({
      path: `/v1/keys?token=${access}`,
      headers: { authorization: `Bearer ${access}`, "x-request-id": first },
    }),
  );
  noted(await operate({ method: "PATCH", path: `/v1/sessions/${sid}`, json: { scope: "read" } }));
  travelling.advance(3_600_000);
  noted(await refresh(first));
  noted(await operate({ path: "/v1/revocations", json: { targets: [{ type: "session", sid }], reason: "stolen" } }));
  const pages = await operate({ path: "/metrics" });
  const shown = await Promise.all(
    ["/v1/clients", "/v1/keys", `/v1/sessions/${sid}`, `/v1/sessions/${sid}/timeline`].map((path) => operate({ path })),
  );

  assert.ok(secrets.size >= 7 && errors.length >= 4, "the journey had secrets and refusals");
  const places: [place: string, text: string][] = [
    ["logs", lines.join("")],
    ["metrics", pages.text],
    ["errors", errors.join()],
    ["what /v1 shows", shown.map(({ text }) => text).join()],
  ];
  for (const file of readdirSync(data)) {
    if (!KEEPERS.has(file)) places.push([file, readFileSync(join(data, file), "latin1")]);
  }
  for (const secret of secrets) {
    assert.ok(secret.length > 40);
    for (const [place, text] of places) {
      // The part that makes it a secret: a token's signature, a secret's middle; and its bytes as they would rest in a file.
      const part = secret.slice(-40, -8);
      assert.ok(!text.includes(part), `${secret.slice(0, 8)}… stands in ${place}`);
      const bytes = Buffer.from(part, "base64url").toString("latin1");
      assert.ok(!text.includes(bytes), `the bytes of ${secret.slice(0, 8)}… stand in ${place}`);
    }
  }
});

test("the search for secrets finds one that is there", async (t) => {
  const travelling = await journey();
  t.after(() => travelling.end());
  const keeper = readFileSync(join(travelling.data, "operator-credentials"), "utf8");
  const part = keeper.trim().slice(-40, -8);
  assert.ok(keeper.includes(part));
});
