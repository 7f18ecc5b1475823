// The writer's thread: opens the file, then answers one request after another. It ends when it is told to close or when
// its connection can't be trusted any more; the main thread then starts another.

import { parentPort, workerData } from "node:worker_threads";
import { changesFromMessage } from "./change-message.ts";
import { plainCause } from "./sqlite-errors.ts";
import type { WriterReply, WriterRequest } from "./thread-messages.ts";
import { Writer, type WriterOptions } from "./writer.ts";

const port = parentPort;
if (port === null) throw new Error("this module is a worker");

const reply = (message: WriterReply): void => port.postMessage(message);

function open(): Writer | undefined {
  try {
    return new Writer(workerData as WriterOptions);
  } catch (error) {
    reply({ kind: "failed", cause: plainCause(error) });
    return undefined;
  }
}

function serve(writer: Writer, request: WriterRequest): void {
  switch (request.kind) {
    case "commit": {
      const result = writer.commit(changesFromMessage(request.changes), request.at);
      reply({ kind: "committed", ...result });
      if (result.broken) process.exit();
      writer.indexFacts();
      writer.checkpoint();
      return;
    }
    case "drop":
      try {
        reply({ kind: "dropped", answer: writer.drop(request.bounds) });
      } catch (error) {
        reply({ kind: "failed", cause: plainCause(error) });
      }
      writer.checkpoint();
      return;
    case "close":
      writer.close();
      port?.close();
  }
}

const writer = open();
if (writer !== undefined) {
  port.on("message", (request: WriterRequest) => serve(writer, request));
  reply({ kind: "opened" });
}
