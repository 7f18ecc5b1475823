// One of the processes in which clients race. It is sent a request and how often to ask at each node, and says when each stands ready on a
// connection of its own, but for its last byte. Sent word, it writes all last bytes in one go; then it sends what was answered.

import { Line } from "./line.ts";

export type Prize = "refresh_token" | "session" | "none";

export interface Heat {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What is read of an answer. */
  readonly prize: Prize;
}

export type Told =
  | { readonly number: number; readonly heat: Heat /** One for each request. */; readonly nodes: readonly string[] }
  | { readonly number: number; readonly go: true };

/** Answers that are alike. */
export interface Answers {
  readonly status: number;
  readonly verdict: string;
  /** The refresh token, or the session's id; empty without one. */
  readonly prize: string;
  readonly times: number;
}

export type Said =
  | { readonly number: number; readonly kind: "ready" }
  | {
      readonly number: number;
      readonly kind: "answered";
      readonly answers: readonly Answers[];
      /** By the clock that all processes of a machine share, in nanoseconds: all had been sent, the first answer was there. */
      readonly sentAt: number;
      readonly heardAt: number;
    };

const idle = new Map<string, Line[]>();
const ready = new Map<number, { readonly prize: Prize; readonly lines: readonly (readonly [node: string, Line])[] }>();
const now = (): number => Number(process.hrtime.bigint());

process.on(
  "message",
  (told: Told) => void ("go" in told ? go(told.number) : stand(told.number, told.heat, told.nodes)),
);
process.on("disconnect", () => process.exit());

function lineTo(node: string): Line {
  const lines = idle.get(node) ?? [];
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) if (!line.isOver) return line;
  return new Line(node);
}

async function stand(number: number, { path, headers, body, prize }: Heat, nodes: readonly string[]): Promise<void> {
  const lines = nodes.map((node) => [node, lineTo(node)] as const);
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  await Promise.all(
    lines.map(([node, line]) =>
      line.arm(
        `POST ${path} HTTP/1.1\r\nhost: ${new URL(node).host}\r\n${fields.join("")}content-length: ${body.length}\r\n\r\n${body}`,
      ),
    ),
  );
  ready.set(number, { prize, lines });
  process.send?.({ number, kind: "ready" } satisfies Said);
}

async function go(number: number): Promise<void> {
  const { prize, lines } = ready.get(number) ?? { prize: "none", lines: [] };
  ready.delete(number);
  const under = lines.map(([, line]) => line.release());
  const sentAt = now();
  let heardAt = Infinity;
  const alike = new Map<string, Answers>();
  await Promise.all(
    under.map(async (one) => {
      const text = await one;
      heardAt = Math.min(heardAt, now());
      const read = answersOf(text, prize);
      const key = `${read.status} ${read.verdict} ${read.prize}`;
      alike.set(key, { ...read, times: (alike.get(key)?.times ?? 0) + 1 });
    }),
  );
  for (const [node, line] of lines) idle.set(node, [...(idle.get(node) ?? []), line]);
  process.send?.({ number, kind: "answered", answers: [...alike.values()], sentAt, heardAt } satisfies Said);
}

function answersOf(text: string, prize: Prize): Answers {
  const json = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as {
    readonly refresh_token?: string;
    readonly session?: { readonly id: string };
  };
  const prizes: Readonly<Record<Prize, string>> = {
    refresh_token: json.refresh_token ?? "",
    session: json.session?.id ?? "",
    none: "",
  };
  return {
    status: Number(text.slice(9, 12)),
    verdict: /\r\nhallpass-verdict: ([^\r]*)/i.exec(text)?.[1] ?? "",
    prize: prizes[prize],
    times: 1,
  };
}
