import { handlerFor } from "./handler.js";

Deno.serve(
  { port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(`port ${port}`) },
  handlerFor(JSON.parse(Deno.args[0])),
);
