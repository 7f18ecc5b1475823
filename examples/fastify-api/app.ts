// A protected API under Fastify: who is accepted, who may write, and a logout that is one everywhere.
// How to run it stands in examples/README.md.

import { createVerifier, type Verifier } from "@hallpass/verifier";
import { hallpass } from "@hallpass/verifier/fastify";
import fastify, { type FastifyInstance } from "fastify";
import { type EndSession, endSessionWith } from "../end-session.ts";

export function createApp(verifier: Verifier, endSession: EndSession): FastifyInstance {
  const app = fastify();
  const notes = new Map<string, string[]>();

  app.get("/", async () => "anyone may read this\n");

  app.get(
    "/notes",
    { onRequest: hallpass(verifier, { scope: ["read"] }) },
    async ({ hallpass: verdict }) => notes.get(verdict?.subject ?? "") ?? [],
  );

  app.post(
    "/notes",
    { onRequest: hallpass(verifier, { scope: ["write"] }) },
    async ({ hallpass: verdict, body }, reply) => {
      const subject = verdict?.subject ?? "";
      notes.set(subject, [...(notes.get(subject) ?? []), String(body)]);
      return reply.code(201).send();
    },
  );

  app.post("/logout", { onRequest: hallpass(verifier) }, async ({ hallpass: verdict }, reply) => {
    if (verdict?.sid !== undefined) await endSession(verdict.sid);
    return reply.code(204).send();
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
    service: "fastify-api",
  });
  // It goes on trying; until it has a view every good token is answered 503.
  verifier.ready(5000).catch((cause: unknown) => console.error(cause instanceof Error ? cause.message : cause));
  await createApp(verifier, endSessionWith({ issuer, ...credentials })).listen({
    port: Number(PORT),
    host: "localhost",
  });
}
