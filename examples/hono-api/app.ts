// A protected API under Hono: who is accepted, who may write, and a logout that is one everywhere.
// How to run it stands in examples/README.md.

import { createVerifier, type Verifier } from "@hallpass/verifier";
import { hallpass } from "@hallpass/verifier/hono";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { type EndSession, endSessionWith } from "../end-session.ts";

export function createApp(verifier: Verifier, endSession: EndSession): Hono {
  const app = new Hono();
  const notes = new Map<string, string[]>();

  app.get("/", (context) => context.text("anyone may read this\n"));

  app.get("/notes", hallpass(verifier, { scope: ["read"] }), (context) =>
    context.json(notes.get(context.get("hallpass").subject) ?? []),
  );

  app.post("/notes", hallpass(verifier, { scope: ["write"] }), async (context) => {
    const { subject } = context.get("hallpass");
    notes.set(subject, [...(notes.get(subject) ?? []), await context.req.text()]);
    return context.body(null, 201);
  });

  app.post("/logout", hallpass(verifier), async (context) => {
    const { sid } = context.get("hallpass");
    if (sid !== undefined) await endSession(sid);
    return context.body(null, 204);
  });

  return app;
}

if (import.meta.main) {
  const {
    ISSUER: issuer = "",
    CLIENT_ID: clientId = "",
    CLIENT_SECRET: clientSecret = "",
    PORT = "3000",
  } = process.env;
  const credentials = { clientId, clientSecret };
  const verifier = createVerifier({ issuer, audience: `http://localhost:${PORT}`, credentials, service: "hono-api" });
  // It goes on trying; until it has a view every good token is answered 503.
  verifier.ready(5000).catch((cause: unknown) => console.error(cause instanceof Error ? cause.message : cause));
  const app = createApp(verifier, endSessionWith({ issuer, ...credentials }));
  serve({ fetch: app.fetch, port: Number(PORT), hostname: "localhost" });
}
