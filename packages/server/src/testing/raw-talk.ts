// Bytes as they are: a client library would repair most of what it is asked to send.

import { connect } from "node:net";

/** Everything that the server on this port answers to these bytes until it ends the connection. */
export function rawTalk(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      answer += chunk;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.write(Buffer.from(text, "latin1"));
  });
}
