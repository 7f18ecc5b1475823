// A developer's first try, against a real server: the clients of the examples do, and what is wrong with others is said.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createVerifier, type VerifierOptions } from "@hallpass/verifier";
import { run } from "../apps/cli/src/run.ts";
import { operatorToken, type Running, runningServer } from "../conformance/interop/running-server.ts";
import { endSessionWith } from "./end-session.ts";
import { createApp } from "./express-api/app.ts";

const AUDIENCE = "http://localhost:3000";

describe("a verifier at a real server", () => {
  let server: Running;
  const folder = mkdtempSync(join(tmpdir(), "hallpass-examples-"));

  async function hallpass(...words: readonly string[]): Promise<string> {
    const credentials = join(folder, "operator");
    writeFileSync(credentials, `${server.operator.id}:${server.operator.secret}`, { mode: 0o600 });
    const written = { out: "", said: "" };
    const code = await run(["--url", server.issuer, ...words], {
      env: { HALLPASS_CREDENTIALS_FILE: credentials },
      out: (text) => void (written.out += text),
      say: (text) => void (written.said += text),
      readInput: async () => "",
      now: () => Date.now(),
    });
    assert.equal(code, 0, written.said);
    return written.out;
  }

  function secretOf(file: string): VerifierOptions["credentials"] {
    const [clientId = "", clientSecret = ""] = readFileSync(join(folder, file), "utf8").trim().split(":");
    return { clientId, clientSecret };
  }

  before(async () => {
    server = await runningServer();
    const clients = readFileSync(join(import.meta.dirname, "clients.yaml"), "utf8");
    writeFileSync(join(folder, "clients.yaml"), clients.replace("http://localhost:8026", server.issuer));
    await hallpass("apply", join(folder, "clients.yaml"), "--secrets", folder);
    const both = ["--audience", AUDIENCE, "--audience", server.issuer];
    await hallpass("clients", "add", "both", "--scope", "feed", ...both, "--secret-file", join(folder, "both"));
    const other = ["--scope", "orders:read", "--audience", AUDIENCE, "--secret-file", join(folder, "other")];
    await hallpass("clients", "add", "other", ...other);
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  test("with the clients of the examples people read, write and are signed out", async () => {
    const credentials = secretOf("notes-api");
    const verifier = createVerifier({ issuer: server.issuer, audience: AUDIENCE, credentials });
    await verifier.ready(20_000);
    assert.equal(verifier.readiness().problem, null);
    const app = createApp(verifier, endSessionWith({ issuer: server.issuer, ...credentials })).listen(0, "127.0.0.1");
    await once(app, "listening");
    const opened = await fetch(`${server.issuer}/v1/sessions`, {
      method: "POST",
      headers: { authorization: `Bearer ${await operatorToken(server)}`, "content-type": "application/json" },
      body: JSON.stringify({ subject: "ada", client_id: "notes" }),
    });
    const { access_token: token } = (await opened.json()) as { readonly access_token: string };
    const ask = async (path: string, method = "GET"): Promise<number> => {
      const address = `http://127.0.0.1:${(app.address() as AddressInfo).port}${path}`;
      const response = await fetch(address, { method, headers: { authorization: `Bearer ${token}` } });
      await response.body?.cancel();
      return response.status;
    };
    assert.deepEqual([await ask("/notes"), await ask("/notes", "POST"), await ask("/logout", "POST")], [200, 201, 204]);
    assert.equal(await ask("/notes"), 401);
    app.closeAllConnections();
    app.close();
    verifier.close();
  });

  for (const feed of ["push", "pull"] as const) {
    test(`whose feed is to be ${feed}ed says what keeps it from a view, and holds no secret [CONN-1]`, async () => {
      const problemWith = async (more: Partial<VerifierOptions>): Promise<string> => {
        const options = { issuer: server.issuer, audience: AUDIENCE, credentials: secretOf("both"), feed, ...more };
        const verifier = createVerifier(options);
        const failed: unknown = await verifier.ready(1000).catch((cause: unknown) => cause);
        const { problem } = verifier.readiness();
        verifier.close();
        if (failed === undefined) return "none";
        assert.ok(failed instanceof Error && problem !== null && failed.message.endsWith(problem));
        assert.ok(!problem.includes(options.credentials.clientSecret));
        return problem;
      };
      assert.equal(await problemWith({}), "none");
      const wrong = { clientId: "both", clientSecret: "hpc_wrong" };
      assert.equal(await problemWith({ credentials: wrong }), "the issuer refuses clientId or clientSecret (401)");
      assert.match(await problemWith({ credentials: secretOf("other") }), /the scope feed and the issuer among its/);
      const slashed = `${server.issuer}/`;
      assert.equal(
        await problemWith({ issuer: slashed }),
        `the server is the issuer ${server.issuer}, and the verifier wants ${slashed}`,
      );
      assert.match(await problemWith({ issuer: "http://127.0.0.1:1" }), /ECONNREFUSED|bad port/);
    });
  }
});
