// What a person at the terminal reads who asked too often.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig, startServer } from "@hallpass/server";
import { Complaint } from "../complaint.ts";
import { EXIT } from "../exit-codes.ts";
import { serverApi } from "./server-api.ts";

test("whoever asks too often is told when to try again, and that nothing was done", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-cli-"));
  const over = { development: "true", store: "memory", data, listen: "127.0.0.1:0", client_token_limit: "1" };
  const loaded = loadConfig({ env: {}, over: { ...over, log_level: "silent" } });
  assert.ok(loaded.ok);
  const server = await startServer(loaded.config);
  t.after(async () => {
    await server.close();
    rmSync(data, { recursive: true });
  });
  const [clientId = "", clientSecret = ""] = (server.operatorCredentials ?? "").split(":");
  const api = serverApi(server.url, () => ({ clientId, clientSecret }));
  await api.token("keys:read");
  const refused: unknown = await api.token("clients:read").catch((thrown: unknown) => thrown);
  assert.ok(refused instanceof Complaint);
  assert.equal(refused.exit, EXIT.unavailable);
  assert.match(`${refused.message} ${refused.hint}`, /nothing was done; try again in (?:600|599) s$/);
});
