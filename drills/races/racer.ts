// One of the processes in which clients race: it is sent a request and how often to ask at each node, asks all at once, and sends what was answered.

import { type Answered, ask } from "../nodes/operator.ts";

export interface Heat {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** A node for each of its requests. */
  readonly nodes: readonly string[];
}

process.on("message", (heat: Heat) => void run(heat));
process.on("disconnect", () => process.exit());

async function run({ path, headers, body, nodes }: Heat): Promise<void> {
  const init = { method: "POST", headers, body };
  const answers: readonly Answered[] = await Promise.all(nodes.map((node) => ask(`${node}${path}`, init)));
  process.send?.(answers);
}
