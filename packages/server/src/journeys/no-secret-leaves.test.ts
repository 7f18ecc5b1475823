// Every token, secret and password of a full journey is looked for wherever it must not be: logs, metrics, errors, the data directory.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { handTurned } from "../testing/hand-turned.ts";
import { journey } from "../testing/journey.ts";
import { basicHeader, type Received } from "../testing/scene.ts";

/** Files that are there to hold a secret; each is of mode 0600. */
const KEEPERS = new Set(["operator-credentials", "demo-api-credentials", "key-encryption-key"]);

test("no secret of a full journey rests in the data directory, or stands in a log, a metric or an error [TOK-15] [L-01] [L-06]", async (t) => {
  const hand = handTurned(1000);
  const travelling = await journey({ scheduler: hand.scheduler }, { facts_file: "facts.jsonl" });
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
  const checkpoint = await operate({ method: "POST", path: "/v1/audit/checkpoints" });
  await hand.turn();
  const ofSession = ["", "/timeline", "/explanation"].map((rest) => `/v1/sessions/${sid}${rest}`);
  const paths = ["/v1/clients", "/v1/keys", "/v1/log?limit=200", "/v1/log/readers", "/v1/audit", ...ofSession];
  const shown = [checkpoint, ...(await Promise.all(paths.map((path) => operate({ path }))))];
  assert.ok(shown.every(({ status }) => status === 200));

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
  assert.ok(places.some(([place, text]) => place === "facts.jsonl" && text.includes(sid)));
  assert.deepEqual(leaks(secrets, places), []);
  // The search finds what is there, as text and as bytes.
  const [planted = ""] = secrets;
  const bytes = Buffer.from(planted.slice(-40, -8), "base64url").toString("latin1");
  for (const text of [`… ${planted} …`, `\0${bytes}\0`]) assert.equal(leaks([planted], [["planted", text]]).length, 1);
});

/** Where a secret stands: the part that makes it one (a token's signature, a secret's middle), as text or as the bytes that it spells. */
function leaks(secrets: Iterable<string>, places: readonly (readonly [place: string, text: string])[]): string[] {
  return [...secrets].flatMap((secret) => {
    assert.ok(secret.length > 40);
    const part = secret.slice(-40, -8);
    const bytes = Buffer.from(part, "base64url").toString("latin1");
    const found = places.filter(([, text]) => text.includes(part) || text.includes(bytes));
    return found.map(([place]) => `${secret.slice(0, 8)}… stands in ${place}`);
  });
}
