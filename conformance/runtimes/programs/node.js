import { createServer } from "node:http";
import { handlerFor } from "./handler.js";

const handle = handlerFor(JSON.parse(process.argv[2]));

async function answer({ url, headers }, outgoing) {
  const response = await handle(new Request(`http://127.0.0.1${url}`, { headers }));
  outgoing.writeHead(response.status).end(await response.text());
}

const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
