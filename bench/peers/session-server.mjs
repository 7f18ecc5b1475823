// A web app whose protected route looks the session of a cookie up: `node session-server.mjs PORT express REDIS_PORT | fastify`.
// express-session with connect-redis, and @fastify/session in memory, each with the settings that do least for a request that changes
// nothing: nothing is saved again, no cookie is set again, and the time of the session in Redis is not moved (`disableTouch`).

import fastifyCookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import Fastify from "fastify";
import { createClient } from "redis";

// As both manuals ask for in production.
process.env.NODE_ENV ??= "production";

const [port, kind, redisPort] = process.argv.slice(2);
const secret = "bench-secret-bench-secret-bench-secret";
const user = { subject: "u-1", client: "bench", scope: "read write" };
const listening = { host: "127.0.0.1", port: Number(port) };

async function startExpress() {
  const client = createClient({ url: `redis://127.0.0.1:${redisPort}` });
  await client.connect();
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(
    session({
      store: new RedisStore({ client, disableTouch: true }),
      secret,
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 1_209_600_000 },
    }),
  );
  app.get("/login", (request, response) => {
    request.session.user = user;
    response.json({ ok: true });
  });
  app.get("/check", (request, response) => {
    if (request.session.user === undefined) response.status(401).json({ error: "no session" });
    else response.json(request.session.user);
  });
  app.listen(listening.port, listening.host, () => process.stdout.write(`ready ${port}\n`));
}

async function startFastify() {
  const app = Fastify();
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    secret,
    saveUninitialized: false,
    rolling: false,
    cookie: { secure: false, maxAge: 1_209_600_000 },
  });
  app.get("/login", async (request) => {
    request.session.user = user;
    return { ok: true };
  });
  app.get("/check", async (request, reply) => request.session.user ?? reply.code(401).send({ error: "no session" }));
  await app.listen(listening);
  process.stdout.write(`ready ${port}\n`);
}

await (kind === "express" ? startExpress() : startFastify());
