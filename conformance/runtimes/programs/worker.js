import { env } from "cloudflare:workers";
import { handlerFor } from "./handler.js";

// In the global scope, where a worker may neither connect nor throw dice, and where a user would put it.
const handle = handlerFor(JSON.parse(env.SETTINGS));

export default { fetch: (request) => handle(request) };
