import { handlerFor } from "./handler.js";

const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handlerFor(JSON.parse(Bun.argv[2])) });
console.log(`port ${server.port}`);
