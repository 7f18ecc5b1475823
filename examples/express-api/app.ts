// A protected API under Express: who is accepted, who may write, and a logout that is one everywhere.
// How to run it stands in examples/README.md.

import { createVerifier, type Verifier } from "@hallpass/verifier";
import { hallpass } from "@hallpass/verifier/express";
import express, { type Express } from "express";
import { type EndSession, endSessionWith } from "../end-session.ts";

export function createApp(verifier: Verifier, endSession: EndSession): Express {
  const app = express();
  const notes = new Map<string, string[]>();

  app.get("/", (_request, response) => {
    response.send("anyone may read this\n");
  });

  app.get("/notes", hallpass(verifier, { scope: ["read"] }), ({ hallpass: verdict }, response) => {
    response.json(notes.get(verdict?.subject ?? "") ?? []);
  });

  app.post(
    "/notes",
    hallpass(verifier, { scope: ["write"] }),
    express.text(),
    ({ hallpass: verdict, body }, response) => {
      const subject = verdict?.subject ?? "";
      notes.set(subject, [...(notes.get(subject) ?? []), String(body)]);
      response.status(201).end();
    },
  );

  app.post("/logout", hallpass(verifier), async ({ hallpass: verdict }, response) => {
    if (verdict?.sid !== undefined) await endSession(verdict.sid);
    response.status(204).end();
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
  const verifier = createVerifier({
    issuer,
    audience: `http://localhost:${PORT}`,
    credentials,
    service: "express-api",
  });
  // It goes on trying; until it has a view every good token is answered 503.
  verifier.ready(5000).catch((cause: unknown) => console.error(cause instanceof Error ? cause.message : cause));
  createApp(verifier, endSessionWith({ issuer, ...credentials })).listen(Number(PORT), "localhost");
}
